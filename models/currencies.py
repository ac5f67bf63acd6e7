"""ISO 4217 currency codes in use (list one, without funds, precious metals and testing codes), and former ones."""

from datetime import datetime

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR
    RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
    TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_CODES.split())
WITHDRAWN = {
    "AFA": "2003-01", "ANG": "2025-07", "ATS": "2002-03", "AYM": "2005-10", "AZM": "2006-01", "BEF": "2002-03",
    "BGL": "2003-11", "BGN": "2026-02", "BYB": "2001-01", "BYR": "2017-01", "CSD": "2006-10", "CUC": "2021-06",
    "CYP": "2008-02", "DEM": "2002-03", "EEK": "2011-02", "ESP": "2002-03", "FIM": "2002-03", "FRF": "2002-03",
    "GHC": "2008-01", "GRD": "2002-03", "HRK": "2023-02", "IEP": "2002-03", "ITL": "2002-03", "LTL": "2015-02",
    "LUF": "2002-03", "LVL": "2014-02", "MGF": "2005-01", "MRO": "2018-01", "MTL": "2008-02", "MZM": "2007-01",
    "NLG": "2002-03", "PTE": "2002-03", "ROL": "2006-07", "SDD": "2007-07", "SIT": "2007-02", "SKK": "2009-02",
    "SLL": "2024-01", "SRG": "2004-01", "STD": "2018-01", "TMM": "2009-01", "TRL": "2006-01", "VEB": "2008-07",
    "VEF": "2018-09", "YUM": "2003-08", "ZMK": "2013-01", "ZWL": "2024-10", "ZWR": "2009-07",
}  # fmt: skip
"""Codes that were in use since 2000 and are no more, with the first month in which they are refused.

ISO 4217 list three gives months, not days; where old and new money went side by side the last of these months counts.
"""
_FIRST_MS = {
    code: int(datetime.fromisoformat(f"{month}-01T00:00:00+00:00").timestamp()) * 1_000
    for code, month in WITHDRAWN.items()
}
WITHOUT_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
"""Currencies whose smallest unit is the whole (ISO 4217, minor unit 0)."""
WITH_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
"""Likewise, minor unit 3."""
NO_CURRENCY = "XXX"
"""ISO 4217's own code for "no currency involved": well-formed and assigned, and refused as the currency of money."""


def decimals_of(code: str) -> int:
    """Return with how many decimals people write amounts of a currency."""
    return 0 if code in WITHOUT_DECIMALS else 3 if code in WITH_THREE_DECIMALS else 2


def is_currency(code: str, at_ms: int) -> bool:
    """Return whether a code was that of a currency at an event time."""
    return code in CURRENCIES or at_ms < _FIRST_MS.get(code, 0)
