from django.db import models


class Article(models.Model):
    title = models.CharField(max_length=200)
    secret = models.CharField(max_length=200, default="", db_default="")
    version = models.BigIntegerField(default=1, db_default=1, editable=False)

    def __str__(self):
        return self.title


class Copy(models.Model):
    """A copy of an article, built from its events."""

    article_id = models.BigIntegerField(primary_key=True)
    title = models.CharField(max_length=200)
    version = models.BigIntegerField()
    epoch = models.UUIDField()
    generation = models.PositiveIntegerField()
    is_deleted = models.BooleanField(default=False)

    def __str__(self):
        return self.title
