"""Values that their key alone tells, in every spelling and several languages; and keys that sound like it.

The words are those that forms, schemas and environment variables use for a thing; each is written in
camelCase, snake_case, dotted, dashed, SCREAMING and run together, below usual prefixes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from .case import Case
from .draw import BASE62, Draw

Value = Callable[[Draw], str]


def _secret(draw: Draw) -> str:
    return draw.password()


def _token(draw: Draw) -> str:
    return draw.text(BASE62, draw.number(16, 40))


def _name(draw: Draw) -> str:
    return draw.pick((draw.people("de"), draw.people("fr"), draw.people("en"))).last_name()


def _date(draw: Draw) -> str:
    return f"{draw.number(1940, 2005)}-{draw.number(1, 12):02d}-{draw.number(1, 28):02d}"


def _street(draw: Draw) -> str:
    return draw.people("en").street_address()


def _number(draw: Draw) -> str:
    return draw.digits(9)


def _phone(draw: Draw) -> str:
    return draw.digits(10)


def _mail(draw: Draw) -> str:
    return f"{draw.people('en').user_name()}@example.org"


def _short(draw: Draw) -> str:
    return draw.digits(4)


def _prose(draw: Draw) -> str:
    return draw.people("en").sentence(nb_words=8)


# What a value is, and the words of a key that say so; words apart by spaces.
WORDS: Final[dict[str, tuple[Value, str]]] = {
    "password": (
        _secret,
        "password|user password|db password|passwd|pwd|passphrase|pass phrase|new password|current password"
        "|password confirmation|admin password|smtp password|root password|login password|old password",
    ),
    "password, other languages": (
        _secret,
        "mot de passe|mdp|passwort|kennwort|benutzer passwort|contraseña|contrasena|clave secreta"
        "|senha|senha usuario|parola chiave|palavra passe|wachtwoord|hasło|haslo|lösenord|adgangskode"
        "|salasana|heslo|pasuwado|parola d ordine|clave de acceso",
    ),
    "secret": (
        _token,
        "secret|client secret|api key|secret key|access token|refresh token|auth token|api token|private token"
        "|webhook secret|signing key|encryption key|session token|id token|csrf token|access key"
        "|secret access key|bearer token|app secret|consumer secret|shared secret|master key|deploy token"
        "|personal access token|account key|storage key|jwt|hmac key|bot token|license key",
    ),
    "secret, other languages": (
        _token,
        "clé api|cle secrete|jeton acces|api schlüssel|zugangstoken|clave api|chave api|chave secreta"
        "|chiave api|chiave segreta|token de acceso|token de acesso|api sleutel|klucz api|token dostepu",
    ),
    "session": (_token, "session id|sessionid|sid|phpsessid|jsessionid|session cookie|sitzungs id"),
    "short secret": (_short, "pin|cvv|cvc|pin code|otp|security code|cvv2|card verification value|one time code"),
    "person": (
        _name,
        "first name|last name|full name|surname|given name|family name|middle name|maiden name|customer name"
        "|cardholder name|patient name|contact name|legal name|account holder name"
        "|mother maiden name|passenger name|recipient name",
    ),
    "person, other languages": (
        _name,
        "nom de famille|prénom|nom complet|vorname|nachname|familienname|geburtsname|apellido|apellidos"
        "|nombre completo|sobrenome|nome completo|cognome|voornaam|achternaam|nazwisko|imię i nazwisko"
        "|primer apellido|kundenname|nom du client|nombre del cliente|nome do cliente|shimei",
    ),
    "birth date": (
        _date,
        "date of birth|birth date|birthday|dob|geburtsdatum|date de naissance|fecha de nacimiento"
        "|data de nascimento|data di nascita|geboortedatum|data urodzenia|födelsedatum|seinengappi",
    ),
    "contact": (
        _phone,
        "phone|phone number|mobile number|telephone|cell phone|telefon|telefonnummer|handynummer"
        "|numéro de téléphone|teléfono|telefono|telefone|celular|telefoonnummer|numer telefonu|denwa bango|fax",
    ),
    "mail": (
        _mail,
        "email|email address|user email|correo electrónico|correo|courriel|adresse email|indirizzo email"
        "|endereço de email|e mail adresse|customer email|contact email|mail address",
    ),
    "address": (
        _street,
        "street address|home address|billing address|shipping address|postal address|address line 1|anschrift"
        "|strasse|adresse postale|dirección|endereço|indirizzo|domicilio|straße|woonadres|adres zamieszkania",
    ),
    "number of a person": (
        _number,
        "ssn|social security number|national id|tax id|passport number|drivers license|driver license number"
        "|numéro de sécurité sociale|steuer id|steueridentifikationsnummer|personalausweisnummer"
        "|sozialversicherungsnummer|cpf|dni|nif|codice fiscale|pesel|bsn|burgerservicenummer|personnummer"
        "|numero de pasaporte|reisepassnummer|passport no|numero di passaporto|national insurance number"
        "|numer dowodu",
    ),
    "card": (
        lambda draw: draw.digits(16),
        "card number|credit card number|creditcardnumber|cc number|pan|kreditkartennummer|numéro de carte"
        "|numero de tarjeta|numero do cartao|numero di carta|card no|debit card number|tarjeta de credito"
        "|cartao de credito|carta di credito|creditcardnummer|numer karty",
    ),
    "account": (
        _number,
        "account number|bank account number|routing number|sort code|kontonummer|numéro de compte"
        "|numero de cuenta|numero da conta|rekeningnummer|numer konta|iban|bic",
    ),
    "health": (
        lambda draw: draw.pick(("asthma", "diabetes type 2", "migraine")) + f" {draw.digits(4)}",
        "diagnosis|medical record number|patient id|blood type|health insurance number|mrn|medical history"
        "|prescription|allergies|medical condition|versichertennummer|diagnóstico|nhs number",
    ),
    "content": (
        _prose,
        "prompt|system prompt|user prompt|message body|email body|sms body|request body|response body|chat history"
        "|llm prompts|gen ai prompt",
    ),
}  # fmt: skip

_SPELLINGS: Final[dict[str, Callable[[list[str]], str]]] = {
    "camel": lambda words: words[0] + "".join(word.capitalize() for word in words[1:]),
    "Pascal": lambda words: "".join(word.capitalize() for word in words),
    "snake": "_".join,
    "dotted": ".".join,
    "dashed": "-".join,
    "SCREAMING": lambda words: "_".join(words).upper(),
    "run together": "".join,
}
_PREFIXES: Final = ("", "app.", "user.", "request.", "order_", "data.")

# Names that hold a telling word and nothing personal, with a value as such a key has.
HARMLESS: Final[dict[str, tuple[Any, ...]]] = {
    "token_count": (512, "512"), "max_tokens": (4096,), "prompt_tokens": (17,), "completion_tokens": (93,),
    "token_type": ("Bearer",), "token.expires_in": (3600,), "token_endpoint": ("https://id.example/oauth/token",),
    "password_policy": ("strict",), "password_length": (12,), "password_reset_enabled": (True, "true"),
    "password.min_length": (8,), "has_password": (True,), "password_changed_at": ("2026-01-15T10:00:00Z",),
    "secret_name": ("shop/prod/db",), "secret.version": ("3",), "secret_count": (4,), "secretsmanager.secret.name": ("db",),
    "key_id": ("alias/shop",), "key.type": ("rsa",), "partition_key": ("customer#7",), "cache.key": ("cart:7",),
    "sort_key": ("created_at",), "primary_key": ("id",), "routing.key": ("orders.created",), "public_key_algorithm": ("RSA",),
    "session_timeout": (1800, "30m"), "session.count": (12,), "session_duration_ms": (93412,), "session.state": ("open",),
    "author": ("release-bot",), "authority": ("shop.example:443",), "auth_method": ("oauth2",), "auth.provider": ("google",),
    "authorization_type": ("jwt",), "authenticated": (True,), "auth.enabled": ("true",), "oauth.scope": ("openid profile",),
    "sender_id": ("svc-mailer",), "server.address": ("db.internal", "10.1.2.3"), "memory.address": ("0x7ffeed9d34b8",),
    "listen.address": ("0.0.0.0:8080",), "address_family": ("inet6",), "contract.address_count": (3,),
    "email_verified": (True, "true"), "email.count": (3,), "email_template": ("welcome_v2",), "email.provider": ("ses",),
    "phone_verified": (False,), "phone.model": ("Pixel 8",), "phone_type": ("mobile",), "card.brand": ("visa",),
    "card_last4": ("4242",), "card.exp_required": (True,), "card_count": (2,), "payment.method": ("card",),
    "name": ("checkout",), "display_name": ("Nightly build",), "service.name": ("shop",), "host.name": ("node-7",),
    "file_name": ("report.pdf",), "table.name": ("users",), "function_name": ("handle_login",), "queue_name": ("mail",),
    "pin_count": (12,), "pinned": (True,), "ping": ("pong",), "span": ("a",), "panel": ("left",), "company": ("Acme",),
    "passed": (12,), "bypass": ("cache",), "compass": ("north",), "passenger_count": (180,), "pass_rate": (0.98,),
    "user_agent": ("curl/8.5.0",), "user.count": (12,), "user.role": ("admin",), "username_length": (8,),
    "birth_rate": (1.5,), "cell.id": (310260,), "cellular.network": ("5g",), "mobile.os": ("android",),
    "iban_valid": (True,), "bic_count": (3,), "account.type": ("checking",), "account.tier": ("gold",), "account_status": ("open",),
    "cookie_domain": (".shop.example",), "cookie.samesite": ("Lax",), "credentials_mode": ("include",), "credential.type": ("iam",),
    "signature_algorithm": ("RS256",), "signature.valid": (True,), "method_signature": ("add(int, int)",),
    "prompt_version": ("v3",), "prompt.name": ("analyze-code",), "llm.model_name": ("gpt-4o",), "completion.reason": ("stop",),
    "language": ("en",), "plan": ("gold",), "planet": ("mars",), "latency": (12.5,), "longest": (9,), "template": ("cart",),
    "street_view_enabled": (True,), "zip_file": ("a.zip",), "zip.size": (1024,), "gzip": (True,), "state": ("open",),
    "tax_rate": (0.19,), "taxonomy": ("shoes",), "national_holiday": (False,), "license": ("Apache-2.0",), "licence.type": ("MIT",),
    "patient_count": (12,), "health.status": ("ok",), "health_check_interval": (10,), "healthcheck": ("/healthz",),
    "device.type": ("mobile",), "device_count": (3,), "body.size": (1234,), "request_body_size": (3495,), "body_type": ("json",),
    "message.id": ("452a7c7c7c70",), "message.type": ("SENT",), "note.count": (3,), "access.level": ("read",), "access_log": ("on",),
    "api_version": ("v2",), "api.method": ("GET",), "apikey_required": (True,), "key_rotation_days": (90,), "keyboard": ("us",),
    "monkey": ("patch",), "turkey": ("eu",), "hotkey": ("ctrl+s",), "secretary": ("desk 4",), "tokenizer": ("cl100k_base",),
    "tokens_per_second": (83.2,), "next_page_token_present": (True,), "csrf_enabled": (True,), "otp_enabled": (False,),
    "clave_primaria": ("id",), "adresse_ip_type": ("v4",), "adressierung": ("dynamisch",), "parolaio": ("x",),
    "fax_enabled": (False,), "faxing": (False,), "mailing_list": ("weekly",), "mailbox_count": (3,), "mail_queue_size": (12,),
}  # fmt: skip


def keywords(draw: Draw) -> Iterator[Case]:
    """Each word in some spellings below some prefix; and names that hold one and mean nothing of it."""
    for kind, (value_of, phrases) in WORDS.items():
        for phrase in phrases.split("|"):
            words = phrase.split()
            spellings = draw.some(sorted(_SPELLINGS), 4)
            for spelling in spellings:
                key = draw.pick(_PREFIXES) + _SPELLINGS[spelling](words)
                value = value_of(draw)
                yield Case(kind=f"{kind}: {phrase}", key=key, value=value, gone=(value,))
    for key, values in HARMLESS.items():
        for value in values:
            for prefix in ("", "app."):
                for spelling in ("snake", "camel"):
                    words = key.replace(".", "_").split("_") if spelling == "camel" else [key]
                    yield Case(
                        kind=f"harmless: {key}",
                        key=prefix + _SPELLINGS[spelling](words),
                        value=value,
                    )


def pasted(draw: Draw) -> Iterator[Case]:
    """Names and values in log lines, messages and code, where the name tells what the value is."""
    kinds = (
        "password",
        "secret",
        "person",
        "number of a person",
        "birth date",
        "session",
        "short secret",
    )
    forms = (
        ("level=info {key}={value} took=12ms", ("level=info", "took=12ms")),
        ('{{"{key}": "{value}", "page": 2}}', ('"page": 2',)),
        ("config: {key}: {value}", ("config:",)),
        ("failed with {key}='{value}' at line 17", ("at line 17",)),
        ("--{key} {value} --retries 3", ("--retries 3",)),
        ("{key} = {value}", ()),
    )
    for kind in kinds:
        value_of, phrases = WORDS[kind]
        for phrase in phrases.split("|"):
            for form, stays in draw.some(forms, 3):
                key = _SPELLINGS[draw.pick(("snake", "camel", "dashed"))](phrase.split())
                value = value_of(draw)
                text = form.format(key=key, value=value)
                yield Case(
                    kind=f"{kind} {form[:10]}",
                    key="log.body",
                    value=text,
                    gone=(value,),
                    stays=stays,
                )
    for name, values in HARMLESS.items():
        for value in values[:1]:
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            if " " not in shown:
                yield Case(
                    kind=f"harmless: {name}",
                    key="log.body",
                    value=f"level=info {name}={shown} took=12ms",
                )
