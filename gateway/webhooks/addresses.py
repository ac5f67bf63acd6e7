"""Which addresses a message may go to: those of the public Internet, unless its receiver is allowed a private one.

What a name stands for is judged when it is connected to: a name that changes its address meanwhile gains nothing.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64: Final = ip_network("64:ff9b::/96")
_LOW_32_BITS: Final = 2**32 - 1


class RefusedAddressError(OSError):
    """A name stands for an address that is not public."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet. An address that carries another one is as public as that."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _carried_by(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


def _carried_by(found: IPv6Address) -> IPv4Address | None:
    if found.ipv4_mapped is not None:
        return found.ipv4_mapped
    if found.sixtofour is not None:
        return found.sixtofour
    if found.teredo is not None:
        return found.teredo[1]
    return IPv4Address(int(found) & _LOW_32_BITS) if found in _NAT64 else None


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that stand for an address that is not public."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            RefusedAddressError: one of them is not public.
        """
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise RefusedAddressError("the address is not public")
        return found

    async def close(self) -> None:
        """Free what it holds."""
        await self._inner.close()


def is_literal(host: str) -> bool:
    """Whether a host is an IP address as it stands: it is connected to without asking a resolver."""
    try:
        ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    return True


def resolver(*, private: bool) -> dict[str, Any]:
    """Return the arguments of a connector that resolves for receivers that may, or may not, be private."""
    return {} if private else {"resolver": PublicResolver()}
