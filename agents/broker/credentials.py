"""What Faust is told about a secured Kafka; it hands it on to the aiokafka consumer that it makes."""

from typing import Any

import faust
from faust.types.auth import CredentialsT

from agents.connection.kafka import KafkaConnection


def faust_credentials(connection: KafkaConnection) -> CredentialsT | None:
    """Return Faust's credentials for the arguments that every other client gets; None for a plain connection.

    Raises:
        OSError: a certificate's file cannot be read, or does not hold what it should.
    """
    arguments: dict[str, Any] = connection.aiokafka_security()
    context = arguments.get("ssl_context")
    if connection.uses_sasl and connection.tokens is not None:
        return faust.auth.OAuthCredentials(oauth_cb=arguments["sasl_oauth_token_provider"], ssl_context=context)
    if connection.uses_sasl:
        return faust.SASLCredentials(
            username=arguments["sasl_plain_username"],
            password=arguments["sasl_plain_password"],
            ssl_context=context,
            mechanism=arguments["sasl_mechanism"],
        )
    return None if context is None else faust.SSLCredentials(context)
