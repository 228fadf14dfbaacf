"""`distributor dkim`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .context import CliContext, pass_cli_context, say, warn

if TYPE_CHECKING:
    from ..mail.dkim import DkimSigner


@click.command("dkim", short_help="Create a DKIM key and show its DNS record.")
@click.argument("domain")
@click.argument("selector")
@click.option(
    "--ed25519", is_flag=True, help="Create an Ed25519 key, for a second signature beside that of an RSA key."
)
@click.option(
    "--bits", metavar="BITS", type=click.IntRange(1024, 4096), help="The length of the RSA key.  [default: 2048]"
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The file of the key.  [default: dkim-SELECTOR.pem]",
)
@click.option("--show", is_flag=True, help="Create nothing; show the DNS record of the existing key.")
@pass_cli_context
def command(
    app: CliContext, domain: str, selector: str, ed25519: bool, bits: int | None, output: Path | None, show: bool
) -> None:
    """Create a DKIM key and show its DNS record.

    DOMAIN is the domain of the sender's address, SELECTOR a name of your choice for this key, such as 2026a. The key is
    saved beside config.yaml in a file that only you can read. An existing file is never overwritten.

    \b
    Example:
      distributor dkim bacson.example 2026a
    """
    from ..errors import UserError

    if ed25519 and bits:
        raise click.UsageError("--bits is for RSA keys; Ed25519 keys have a fixed length")
    if show and (ed25519 or bits):
        raise click.UsageError("--show creates no key; leave --ed25519 and --bits out")
    file = output or app.config.parent / f"dkim-{selector}.pem"
    try:
        signer = _existing(domain, selector, file) if show else _made(domain, selector, ed25519, bits, file)
    except ValueError as error:
        raise UserError(str(error)) from None
    _show_dns_record(signer, file, str(output.absolute()) if output else file.name)


def _existing(domain: str, selector: str, file: Path) -> DkimSigner:
    from ..mail.dkim import DkimSigner

    return DkimSigner.load(domain, selector, file)


def _made(domain: str, selector: str, ed25519: bool, bits: int | None, file: Path) -> DkimSigner:
    """A signer with a new key, which is saved when this returns. Raises ValueError in one line."""
    from ..mail import dkim_keys
    from ..mail.dkim import DkimSigner

    if bits and bits < dkim_keys.USUAL:
        warn(f"receivers trust {dkim_keys.USUAL} bits or more (RFC 8301); {bits} are for a DNS that cannot hold more")
    pem = dkim_keys.make_key(dkim_keys.ED25519 if ed25519 else dkim_keys.RSA, bits or dkim_keys.USUAL)
    signer = DkimSigner(domain, selector, dkim_keys.parse(pem))
    try:
        dkim_keys.write(file, pem)
    except FileExistsError:
        raise ValueError(f"{file} exists already: nothing was changed (--show shows its record)") from None
    except OSError as error:
        raise ValueError(f"{file}: cannot be written: {error.strerror or error}") from None
    return signer


def _show_dns_record(signer: DkimSigner, file: Path, key: str) -> None:
    """`key` is how config.yaml names the file: paths there begin at its folder."""
    from ..mail import dkim_keys

    kind = "Ed25519" if signer.key.algorithm == dkim_keys.ED25519 else f"RSA, {signer.key.bits} bits"
    strings = " ".join(f'"{string}"' for string in dkim_keys.txt_strings(signer.key.record))
    say(f"The key is in {file} ({kind}). Keep it secret. Publish this TXT record:")
    say(f"  name   {signer.place}")
    say(f"  value  {signer.key.record}")
    say("The same for a zone file, in strings of at most 255 characters:")
    say(f"  {signer.place}. IN TXT ( {strings} )")
    say("Once DNS answers with it, add this to the email channel:")
    say("  dkim:")
    say(f"    - {{domain: {signer.domain}, selector: {signer.selector}, key: {key}}}")
