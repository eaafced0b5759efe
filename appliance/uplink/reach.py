"""Looks whether the town can be reached, and if not, at which step it ends: name, road, certificate, clock."""

import secrets
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from appliance.config import CONFIG_FILE, TLS_FOLDER, Config, ConfigError, ExposedError, read_enrolment
from appliance.sealed import LockedError
from appliance.uplink.certificate import Tls
from drivers.check import Check, State
from drivers.clock import Clock
from sync.client import HttpCentre, RefusedError, UnreachableError
from sync.messages import MessageError, TownTime, Why, open_signed, raw_bytes

_TIMEOUT_S: Final = 5.0
_APART_MS: Final = 60_000
_NONCE_BYTES: Final = 12
_MS: Final = 1000


def reach(folder: Path, config: Config, clock: Clock) -> Check:
    """Ask the centre for the time, as the uplink would ask it, and hold it against this unit's clock."""
    try:
        enrolment = read_enrolment(folder)
        context = Tls(folder / TLS_FOLDER).context()
    except (ConfigError, LockedError, OSError) as error:  # SSLError is one
        return _without_papers(error)
    url = config.uplink.url
    try:
        with httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT_S, trust_env=False) as http:
            nonce = secrets.token_hex(_NONCE_BYTES)
            raw = HttpCentre(http).time(nonce)
        told = open_signed(raw, TownTime, raw_bytes(enrolment.town_key))
        if told.nonce != nonce:
            raise MessageError("an old answer")
    except UnreachableError as error:
        return _why(url, error)
    except RefusedError as error:
        return _refused(error)
    except MessageError as error:
        return Check(
            State.FAIL,
            ja="答えたのは、この町ではありません",
            en=f"whoever answers is not this town: {error}",
            do_ja=f"{CONFIG_FILE} の [uplink] url を確かめてください",
            do_en=f"check [uplink] url in {CONFIG_FILE}",
        )
    return _clock(told.at - clock.wall_ms(), url)


def _without_papers(error: Exception) -> Check:
    """Say why there is nothing by which the town would know this unit."""
    if isinstance(error, ExposedError):
        return Check(
            State.FAIL,
            ja="この端末の秘密のファイルを、ほかの人が読めます",
            en=str(error),
            do_ja="そのファイルの権限を 600 にし、だれが読めたか町の担当に伝えてください",
            do_en="then tell the office who could read it",
        )
    if isinstance(error, LockedError):
        return Check(
            State.FAIL,
            ja="町に示す鍵が封じられていて、ここでは開けません",
            en=f"the key that is shown to the town is sealed, and cannot be opened here: {error.why}",
            do_ja="keystore の行のとおりにしてください",
            do_en="do as the line keystore says",
        )
    return Check(
        State.FAIL,
        ja="この端末はまだ町に登録されていません",
        en=f"this unit is not enrolled{f': {error}' if isinstance(error, OSError) else ''}",
        do_ja="登録票で machi unit enrol を実行してください",
        do_en="enrol it with a ticket: machi unit enrol",
    )


def _refused(error: RefusedError) -> Check:
    if error.problem.type == Why.EXPIRED:
        return Check(
            State.WARN,
            ja="町につながります。この端末の証明書は期限が切れています",
            en="the town answers; this unit's certificate ran out",
            do_ja="machi unit uplink が動いていれば、自分で更新します。続くなら、その記録に理由があります",
            do_en="machi unit uplink renews it by itself; if this goes on, its log says why",
        )
    return Check(
        State.FAIL,
        ja="町がこの端末を断りました",
        en=f"the town refuses this unit: {error}",
        do_ja="町の担当に、この端末の登録を確かめてもらってください",
        do_en="ask the office to look at this unit's registration",
    )


def _clock(ahead_ms: int, url: str) -> Check:
    if abs(ahead_ms) > _APART_MS:
        apart = round(-ahead_ms / _MS)
        return Check(
            State.WARN,
            ja=f"町につながります。時計が町と {apart:+d} 秒ずれています",
            en=f"the town answers; this clock is {apart:+d} s off",
            do_ja="時刻合わせ(chrony または timesyncd)が動いているか確かめてください",
            do_en="check that time is followed (chrony or timesyncd)",
        )
    return Check(State.OK, f"町につながります({url})", f"the town answers ({url})")


def _why(url: str, error: UnreachableError) -> Check:
    """Say where the way ended. Without a town the unit goes on serving, so most of this can wait."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Check(
            State.FAIL,
            ja="町の証明書を確かめられません",
            en=f"the town's certificate cannot be verified: {causes[-1]}",
            do_ja="まず時計の日付を、次に [uplink] url を確かめてください",
            do_en="check the date of the clock first, then [uplink] url",
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Check(
            State.FAIL,
            ja="町がこの端末の証明書を受け付けません",
            en=f"the town does not take this unit's certificate: {causes[-1]}",
            do_ja="続くなら登録し直してください",
            do_en="if this goes on, enrol again",
        )
    if any(type(cause).__name__ == "gaierror" for cause in causes):
        ja, en = "町の名前が引けません", "the town's name is not known here"
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        ja, en = "町の機械は動いていますが、受付が止まっています", "the town's machine is up, its service is not"
    else:
        ja, en = "町から返事がありません", "the town does not answer"
    return Check(
        State.WARN,
        ja=f"{ja}({url})。このまま使えます",
        en=f"{en} ({url}); the unit goes on serving",
        do_ja="ネットワークのケーブルと [uplink] url を確かめてください",
        do_en="check the network cable and [uplink] url",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Go from an error to what it came of, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
