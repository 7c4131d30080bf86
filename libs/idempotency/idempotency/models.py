"""Which requests were made under which key, and how they were answered."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.db.models.functions import Now

KEY_LIFETIME = timedelta(hours=24)


class ClaimLost(Exception):  # noqa: N818 - what happened to the claim
    """Another worker has taken the claim over; nothing may be committed under it."""


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    """The life of a key: claimed, then completed or released. The database's clock is the only one that counts."""

    def claim(self, key: str, fingerprint: str, lock: timedelta) -> uuid.UUID | None:
        """Take ``key`` for a request in one statement; return the proof of it, or None if the key is taken.

        A key is free when it is new, when its 24 hours are over, and when the same request claimed it longer ago than
        ``lock`` without an end: then its worker is presumed dead.
        """
        proof = uuid.uuid4()
        sql = """
            INSERT INTO idempotency_idempotencykey AS old
                (key, fingerprint, claim, created_at, locked_until, expires_at, status, location)
            VALUES (%(key)s, %(fingerprint)s, %(proof)s, statement_timestamp(), statement_timestamp() + %(lock)s,
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
        values: dict[str, Any] = {"key": key, "fingerprint": fingerprint, "proof": proof, "lock": lock}
        with connection.cursor() as cursor:
            cursor.execute(sql, values | {"lifetime": KEY_LIFETIME})
            return proof if cursor.fetchone() else None

    def complete(self, proof: uuid.UUID, *, status: int, body: bytes, location: str) -> None:
        """Store the answer, in the transaction that stores what it tells of.

        Raises:
            ClaimLost: the claim is not held any more; the transaction must be rolled back.
        """
        held = self.filter(claim=proof, status=None)
        if not held.update(status=status, body=body, location=location):
            raise ClaimLost

    def release(self, proof: uuid.UUID) -> None:
        """Free the key of a request that stored nothing, so that it can be made again."""
        self.filter(claim=proof, status=None).delete()

    def purge(self, batch_size: int) -> int:
        """Delete up to ``batch_size`` keys whose 24 hours are over; return how many."""
        expired = self.filter(expires_at__lte=Now())
        deleted, _ = expired.filter(key__in=expired.order_by("expires_at").values("key")[:batch_size]).delete()
        return deleted


class IdempotencyKey(models.Model):
    """A key, the request that it stands for and, once there is one, the answer."""

    key = models.CharField(
        max_length=511, primary_key=True, help_text="With AUTH the caller, a space and the caller's key."
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request.")
    claim = models.UUIDField(unique=True, help_text="Proof of the worker that carries the request out.")
    created_at = models.DateTimeField()
    locked_until = models.DateTimeField(help_text="Until then a claim without an answer is not taken over.")
    expires_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the answer; none while it is being made.")
    body = models.BinaryField(null=True)
    location = models.TextField(blank=True, help_text="The answer's Location.")

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
