"""How Kafka is reached: one object makes the connection arguments of every client, whichever library it is of."""

import ssl
from typing import Any, Final

from msgspec import Struct

from agents.connection.tokens import TokenClient, aiokafka_provider, kafka_python_provider

PLAINTEXT: Final = "PLAINTEXT"
PROTOCOLS: Final = (PLAINTEXT, "SSL", "SASL_PLAINTEXT", "SASL_SSL")
OAUTHBEARER: Final = "OAUTHBEARER"
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAUTHBEARER)


class KafkaConnection(Struct, frozen=True, kw_only=True):
    """Where Kafka is, and how a client proves who it is.

    The fields but ``address`` and ``tokens`` are the settings ``PULSE_KAFKA_...`` of the same names, which
    ``agents.connection.rules`` has checked.
    """

    address: str
    """``HOST:PORT`` of one or more brokers, separated by commas; the cluster names all others."""
    security_protocol: str = PLAINTEXT
    ssl_ca_file: str = ""
    """PEM file of the authorities that may have signed the broker's certificate; the system's when empty."""
    ssl_cert_file: str = ""
    ssl_key_file: str = ""
    """Private key of the certificate; it stands in the certificate's own file when empty."""
    ssl_key_password: str = ""
    ssl_check_hostname: bool = True
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = ""
    tokens: TokenClient | None = None
    """Who gives the tokens of OAUTHBEARER."""

    def __repr__(self) -> str:
        """Return what may be shown: no password, no token."""
        login = f", {self.sasl_mechanism}" if self.uses_sasl else ""
        return f"<KafkaConnection {self.address}, {self.security_protocol}{login}>"

    @property
    def servers(self) -> list[str]:
        """The addresses, one by one."""
        return self.address.split(",")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        """Whether a client logs in with SASL."""
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def aiokafka_arguments(self) -> dict[str, Any]:
        """Return the arguments of every aiokafka client. Files are read again: a renewed certificate is found.

        Raises:
            OSError: a file cannot be read, or does not hold what it should (``ssl.SSLError``).
        """
        return {"bootstrap_servers": self.servers, **self.aiokafka_security()}

    def aiokafka_security(self) -> dict[str, Any]:
        """Return what ``aiokafka_arguments`` has but the addresses."""
        return self._security(aiokafka_provider)

    def kafka_python_arguments(self) -> dict[str, Any]:
        """Return the arguments of every kafka-python client.

        Raises:
            OSError: see ``aiokafka_arguments``.
        """
        return {"bootstrap_servers": self.servers, **self._security(kafka_python_provider)}

    def _security(self, provider: Any) -> dict[str, Any]:
        # Both libraries know the same names.
        arguments: dict[str, Any] = {"security_protocol": self.security_protocol}
        if self.uses_tls:
            arguments["ssl_context"] = self.ssl_context()
        if self.uses_sasl:
            arguments["sasl_mechanism"] = self.sasl_mechanism
            if self.tokens is not None:
                arguments["sasl_oauth_token_provider"] = provider(self.tokens)
            else:
                arguments["sasl_plain_username"] = self.sasl_username
                arguments["sasl_plain_password"] = self.sasl_password
        return arguments

    def ssl_context(self) -> ssl.SSLContext:
        """Return a context that verifies the broker and shows our own certificate, where there is one.

        Raises:
            OSError: see ``aiokafka_arguments``.
        """
        context = ssl.create_default_context(cafile=self.ssl_ca_file or None)
        context.check_hostname = self.ssl_check_hostname
        if self.ssl_cert_file:
            # Without a password given, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(self.ssl_cert_file, self.ssl_key_file or None, self.ssl_key_password)
        return context
