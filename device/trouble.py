"""What OpenSSH says when it does not get through, put into words for a technician. Pure."""

from typing import Final

from device.errors import DeviceError, Exit, LostError

_FAILED: Final = "Host key verification failed"
_CHANGED: Final = "REMOTE HOST IDENTIFICATION HAS CHANGED"
_REVOKED: Final = "revoked"
_REFUSED: Final = "Permission denied"
_LET_GO: Final = "Control socket connect"  # on this laptop: the connection that held the unit has just ended
_NO_WAY: Final = {
    "Could not resolve hostname": ("この名前は引けません", "this name is not known here"),
    "Connection refused": ("機械は動いていますが、SSHが止まっています", "the machine is up, its SSH server is not"),
    "No route to host": ("そこへの道がありません", "there is no way to it"),
    "timed out": ("返事がありません", "it does not answer"),
    "Connection timed out": ("返事がありません", "it does not answer"),
}


def explain(said: str, unit: str, host: str) -> DeviceError:
    """Return what the words of `ssh`, which ended with 255, mean."""
    if _FAILED in said or _CHANGED in said:
        return _host(said, unit, host)
    if _REFUSED in said:
        return DeviceError(
            Exit.PERMISSION,
            ja=f"{unit} はこの証明書を受け付けません",
            en=f"{unit} does not take your certificate",
            do_ja="失効していないか、この町のものか、役場に確かめてください: machi central technician list",
            do_en="ask the office whether it was revoked, and is this town's: machi central technician list",
        )
    if _LET_GO in said:
        return _lost("", unit)
    for sign, (ja, en) in _NO_WAY.items():
        if sign in said:
            return LostError(
                Exit.NOT_FOUND,
                ja=f"{unit} につながりません({host}): {ja}",
                en=f"{unit} cannot be reached at {host}: {en}",
                do_ja="電源、ケーブル、アドレスを確かめてください",
                do_en="check power, cable and address",
            )
    return _lost(said, unit)


def _lost(said: str, unit: str) -> LostError:
    last = said.strip().splitlines()[-1:]
    return LostError(
        Exit.NOT_FOUND,
        ja=f"{unit} との接続が切れました",
        en=": ".join((f"the connection to {unit} was lost", *last)),
        do_ja="つなぎ直して、同じコマンドをもう一度。できたところから続きます",
        do_en="connect again and say the same once more; it goes on from where it was",
    )


def _host(said: str, unit: str, host: str) -> DeviceError:
    if _REVOKED in said.lower():
        return DeviceError(
            Exit.REFUSED,
            ja=f"{host} が見せた鍵は失効しています",
            en=f"the key that {host} shows is revoked",
            do_ja="その機械に触らず、役場に知らせてください",
            do_en="leave that machine as it is, and tell the office",
        )
    if _CHANGED in said:
        return DeviceError(
            Exit.REFUSED,
            ja=f"{host} は {unit} ではありません。知っている鍵とちがいます",
            en=f"{host} is not {unit}: it shows another key than the one that is known",
            do_ja=f"アドレスを確かめてください。入れ替えた機械なら: machi device forget {unit}",
            do_en=f"check the address; if the machine was exchanged: machi device forget {unit}",
        )
    return DeviceError(
        Exit.REFUSED,
        ja=f"{host} が {unit} だと確かめられません",
        en=f"nothing vouches for {host} being {unit}: it shows no certificate of this town for that name",
        do_ja="はじめての機械なら、本体の画面の SSH: の行と見くらべて --fingerprint をつけてください",
        do_en="if it is new, compare it with the line SSH: on its own screen, and add --fingerprint",
    )
