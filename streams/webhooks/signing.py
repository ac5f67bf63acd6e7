"""Signatures of outgoing messages: those of Standard Webhooks, one for each secret that holds."""

from collections.abc import Sequence
from typing import Final

from streams.connectors.catalogue import CATALOGUE
from streams.connectors.signatures import sign

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
_SCHEME: Final = CATALOGUE["standard"].schemes[0]


def signed_headers(secrets: Sequence[str], message_id: str, at_seconds: int, body: bytes) -> dict[str, str]:
    """Return the headers of an attempt. Two secrets make two signatures: either of them verifies.

    Args:
        secrets: ``whsec_...``, the newest first; without any there is no signature.
        message_id: the same in every attempt.
        at_seconds: when the attempt is made.
        body: as it is sent.
    """
    headers = {ID_HEADER: message_id, TIMESTAMP_HEADER: str(at_seconds)}
    made = [sign(_SCHEME, each, body, str(at_seconds), message_id)[_SCHEME.header] for each in secrets]
    return headers | ({SIGNATURE_HEADER: " ".join(made)} if made else {})
