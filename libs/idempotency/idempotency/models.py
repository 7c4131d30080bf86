"""Idempotency keys, with the fingerprint of the request and the stored response."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.db.models.functions import Now

KEY_LIFETIME = timedelta(hours=24)


class ClaimLost(Exception):  # noqa: N818 - named for the state
    """Another worker has taken over the claim; the transaction must be rolled back."""


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    """The life cycle of a key: claimed, then completed or released. All timestamps come from the database."""

    def claim(self, key: str, fingerprint: str, lock: timedelta) -> uuid.UUID | None:
        """Claim ``key`` for a request in one statement; return the claim token, or None if the key is in use.

        A key is free if it is new, if its 24 hours are over, or if the same request claimed it longer ago than ``lock``
        and did not complete it, so that its worker is presumed dead.
        """
        token = uuid.uuid4()
        sql = """
            INSERT INTO idempotency_idempotencykey AS old
                (key, fingerprint, claim, created_at, locked_until, expires_at, status, location)
            VALUES (%(key)s, %(fingerprint)s, %(token)s, statement_timestamp(), statement_timestamp() + %(lock)s,
                    statement_timestamp() + %(lifetime)s, NULL, '')
            ON CONFLICT (key) DO UPDATE SET
                fingerprint = EXCLUDED.fingerprint, claim = EXCLUDED.claim, created_at = EXCLUDED.created_at,
                locked_until = EXCLUDED.locked_until, expires_at = EXCLUDED.expires_at,
                status = NULL, body = NULL, location = ''
            WHERE (old.status IS NULL AND old.locked_until <= statement_timestamp()
                   AND old.fingerprint = EXCLUDED.fingerprint)
               OR (old.expires_at <= statement_timestamp()
                   AND (old.status IS NOT NULL OR old.locked_until <= statement_timestamp()))
            RETURNING claim
        """
        values: dict[str, Any] = {"key": key, "fingerprint": fingerprint, "token": token, "lock": lock}
        with connection.cursor() as cursor:
            cursor.execute(sql, values | {"lifetime": KEY_LIFETIME})
            return token if cursor.fetchone() else None

    def complete(self, token: uuid.UUID, *, status: int, body: bytes, location: str) -> None:
        """Store the response, in the transaction that stores the object.

        Raises:
            ClaimLost: another worker has taken over the claim; the transaction must be rolled back.
        """
        held = self.filter(claim=token, status=None)
        if not held.update(status=status, body=body, location=location):
            raise ClaimLost

    def release(self, token: uuid.UUID) -> None:
        """Release the key of a failed request, so that the request can be retried."""
        self.filter(claim=token, status=None).delete()

    def purge(self, batch_size: int) -> int:
        """Delete up to ``batch_size`` expired keys; return the number."""
        expired = self.filter(expires_at__lte=Now())
        deleted, _ = expired.filter(key__in=expired.order_by("expires_at").values("key")[:batch_size]).delete()
        return deleted


class IdempotencyKey(models.Model):
    """A key with the fingerprint of its request and, once the request is completed, the response."""

    key = models.CharField(
        max_length=511, primary_key=True, help_text="With AUTH the caller, a space and the caller's key."
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    claim = models.UUIDField(unique=True, help_text="Claim token of the worker that handles the request.")
    created_at = models.DateTimeField()
    locked_until = models.DateTimeField(help_text="Until then a claim without a response is not taken over.")
    expires_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(
        null=True, help_text="Of the response; null while the request is in progress."
    )
    body = models.BinaryField(null=True)
    location = models.TextField(blank=True, help_text="The response's Location.")

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key__regex="^([!-~]{1,255} )?[!-~]{1,255}$"), name="idempotency_key_of_caller"
            ),
            models.CheckConstraint(
                condition=models.Q(status=None, body=None) | models.Q(status__isnull=False, body__isnull=False),
                name="idempotency_answer_whole_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.key
