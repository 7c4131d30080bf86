from django.db import models


class Entry(models.Model):
    amount = models.IntegerField()
    text = models.CharField(max_length=100)

    def __str__(self):
        return self.text
