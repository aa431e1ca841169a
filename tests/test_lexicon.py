"""The lexicon names what is sensitive in any spelling, and leaves what only sounds like it."""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import assert_linear, repeated
from jaeger_guard import lexicon, vocabulary
from jaeger_guard.categories import ALL, CREDENTIAL_PASSWORD
from jaeger_guard.lexicon import (
    category_of,
    is_identifier,
    is_machine,
    opaque_category_of,
    split_words,
)

SENSITIVE = {
    "credential.password": "password PASSWORD passwd pwd db_pass userPassword DB_PASSWORD password1 newPassword "
    "PASSWORD_CONFIRM user[password] ctl00$txtPassword pAssWord PASSword xPassWord xpassWord "
    "passphrase passcode pin user.pin otp motDePasse mot_de_passe contraseña senha "
    "passwort kennwort password_hash card_number_password password.new.value dbpassword "
    "is.db.user.password MYSQL_ROOT_PASSWORD psk wifi_psk preSharedKey snmp.community bindpw "
    "sasl.jaas.config parola clave Geheimnis geheim пароль user_密码 パスワード 비밀번호 hasło wachtwoord lösenord şifre mnemonic",
    "credential.token": "token access_token accessToken refreshToken id_token apiKey api_key apikey userAPIKey "
    "X-Api-Key x_api_key client_secret CLIENT-SECRET signature sig csrf_token xsrf "
    "X-CSRFToken csrfmiddlewaretoken bearer auth x-auth authorization credentials "
    "aws_secret_access_key AWSAccessKeyId X-Amz-Signature X-Amz-Credential X-Amz-Security-Token "
    "githubToken webhook_secret password_reset_token jwt tokens.0.token authToken2 hmac_key salt "
    "schlüssel segreto secreto remember_me_token password_reset_code",
    "credential.private_key": "private_key privateKey ssh_key PRIVATE-KEY",
    "credential.session": "session_id sessionId sid PHPSESSID JSESSIONID connect.sid ASP.NET_SessionId sessionid "
    "session cookie user_session_id sess user.sess",
    "financial.card": "card_number cardNumber cardnumber pan cc_number credit_card creditCardNumber card "
    "payment.card kreditkartennummer",
    "financial.card_security": "cvv cvv2 CVC csc card_verification_value card_expiry cardExpirationDate "
    "card_security_code security_code",
    "financial.iban": "iban customerIban iban_number",
    "financial.account": "account_number routingNumber bic swift_code sortCode",
    "identity.national_id": "ssn social_security_number tax_id nino cpf dni aadhaar steuer-id steuerId "
    "codice_fiscale",
    "identity.document": "passport_number passport driversLicense driver_licence_number",
    "identity.user": "username user_name userName",
    "person.name": "first_name firstName FIRSTNAME lastName full_name surname given_name maiden_name "
    "customer_name customerName vorname Nachname prénom apellido sobrenome cognome nombre "
    "cardholder_name",
    "person.birth_date": "dob birth_date birthDate date_of_birth geburtsdatum date_naissance fecha_nacimiento "
    "data_nascimento birthday",
    "contact.email": "email e_mail eMail E-Mail user.email customerEmail useremail emailAddress "
    "email_address courriel correo customer_name_email billing_address_email",
    "contact.phone": "phone phone_number phoneNumber mobile telephone telefon msisdn fax user_phone phone2",
    "contact.address": "street street_address home_address shippingAddress billing_address zip_code zipcode "
    "postcode postal_code adresse dirección addressLine1 address1",
    "health.record": "diagnosis mrn medical_record_number patient_id patientId",
    "content.prompt": "prompt system_prompt user.prompt",
    "content.body": "request_body response.body requestBody http.request.body",
    "location.coordinates": "lat latitude lng lon longitude user.lat gps geo.lat",
    "device.id": "device_id imei deviceId",
}

HARMLESS = """
token.count max_tokens max_token prompt_tokens token_count tokens password_reset_enabled
has_password jwt.iss jwt.aud jwt.kid token.audience hasUserPassword
token_type key_count card_type email_verified isEmailVerified
email_template password_length secret_name session_duration cookie_domain auth_method author
passport.strategy cache_key partition_key primary_key sort_key idempotency_key public_key
keyboard ssnake compass bypass tokenizer address server.address ip_address ipAddress name
service.name host.name table_name file_name display_name llm.token_count.prompt
gen_ai.usage.input_tokens user_id customer_id order_id iPhone phone_model microphone card_last4
card_brand page_token next_token nextPageToken token_endpoint session_timeout email_count
num_emails adresse_ip pinned mapping spinner pannel company panel authority authenticated
oauth_provider state code country_code status_code zip_file passed passing pass_rate test_pass
language mailbox longest latency avg_lat street_view_url url path http.route db.table candle
signal assignee design prompt_version function_signature page sort limit offset request_id
trace_id created_at class passenger_count cardinality discard wildcard postcard dashboard cart
secretary emailer tell hotel motel channel nickname request_body_size http.request.body.size
authorization_type cookie_policy sessions body_size feature.flag.key user_agent
username_length kubernetes.secret mail phone_book_id password_reset no_password postcode_lookup
voicemail password_mismatch ssh_key_fingerprint csrf_exempt email_batch token_purpose key_rotation_days salted seed nonce assertion remember_me dsn database_url session_store_sessions clave_primaria
"""


@pytest.mark.parametrize(
    ("category", "key"),
    [(category, key) for category, keys in SENSITIVE.items() for key in keys.split()],
)
def test_sensitive_names_are_known_in_any_spelling(category: str, key: str) -> None:
    """A key that names something sensitive has its category, whatever its language and case."""
    assert category == category_of(key)


@pytest.mark.parametrize("key", HARMLESS.split())
def test_harmless_names_have_no_category(key: str) -> None:
    """A key that counts, types or verifies something sensitive, or just sounds like it, is silent."""
    assert category_of(key) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("userAPIKey", ("user", "api", "key")),
        ("X-Api-Key", ("x", "api", "key")),
        ("user[password]", ("user", "password")),
        ("ctl00$txtPassword", ("ctl", "00", "txt", "password")),
        ("prénom_2", ("prenom", "2")),
        ("Straße", ("strasse",)),
        ("ｐａｓｓｗｏｒｄ", ("password",)),
        ("", ()),
    ],
)
def test_words_end_where_a_reader_sees_them_end(key: str, words: tuple[str, ...]) -> None:
    """Separators, case changes and digits split a key; accents and full width don't matter."""
    assert words == split_words(key)


@given(
    st.sampled_from(["password", "passwd", "passphrase", "passwort", "contraseña", "kennwort"]),
    st.from_regex(r"\A(?:[a-z]{1,6}[._\-\[$ ]){0,3}\Z"),
    st.sampled_from([str.lower, str.upper, str.title, str.swapcase]),
    st.sampled_from(["", "1", "_confirm", "]", ".new", "Hash"]),
)
@settings(max_examples=200)
def test_a_password_is_never_missed(word: str, before: str, case: object, after: str) -> None:
    """Whatever stands before and behind it, the word password makes a password."""
    words = set(split_words(before))
    asked = words & (vocabulary.HARMLESS_BEFORE | vocabulary.MEASURES_BEFORE)
    key = before + case(word) + after  # type: ignore[operator]
    assert asked or category_of(key) == "credential.password"


@pytest.mark.parametrize("before", range(0, 3000, 250))
def test_a_password_is_found_in_a_key_of_any_length(before: int) -> None:
    """Where a password is named in a long key, it is seen also between the ends that are read."""
    assert category_of("x." * before + "password" + ".y" * 1500) == "credential.password"


@pytest.mark.parametrize(
    "key",
    "order_id traceId request.uuid created_time order_number commit_sha file_size"
    " messaging.kafka.offset http.status_code id2 event.version ticket sdk firmware".split(),
)
def test_identifiers_are_known(key: str) -> None:
    """A key that names an id, a time, a hash or a size says so."""
    assert is_identifier(key)


@pytest.mark.parametrize(
    "key",
    "card_number ssn number note paid tax_id 1 phone_number log.line paid.at count build".split(),
)
def test_what_may_hold_a_card_is_no_identifier(key: str) -> None:
    """A key with a category of its own, or one that says nothing, isn't an identifier."""
    assert not is_identifier(key)


@pytest.mark.parametrize(
    ("key", "category"),
    [
        ("dsn", "credential.connection"),
        ("SENTRY_DSN", "credential.connection"),
        ("db.connectionString", "credential.connection"),
        ("DATABASE_URL", "credential.connection"),
        ("seed", "credential.token"),
        ("oauth.nonce2", "credential.token"),
        ("saml.assertion", "credential.token"),
        ("rememberMe", "credential.session"),
        ("url", None),
        ("seed.count", None),
        ("", None),
    ],
)
def test_what_is_meant_where_it_looks_random(key: str, category: str | None) -> None:
    """Some keys hold a secret, or something harmless: the value decides."""
    assert opaque_category_of(key) == category


def test_machines_of_ours_are_told_from_clients() -> None:
    """A server's key is known by its last word, unless it stands on the other side."""
    assert all(map(is_machine, ("dns.server", "upstream", "kafkaBrokers", "server1")))
    assert not any(map(is_machine, ("remote_server", "client.gateway", "serverless", "host", "1")))


def test_tables_name_categories_of_the_tree() -> None:
    """Each category that the vocabulary names exists, and each phrase is in lower ASCII case."""
    tables = (vocabulary.PHRASES, vocabulary.LAST, vocabulary.WHOLE, vocabulary.OPAQUE)
    for table in tables:
        assert set(table) <= set(ALL)
        for phrases in table.values():
            assert all(phrase and phrase.isascii() for phrase in phrases.split("|"))
            assert phrases == phrases.lower()
    assert set(vocabulary.ENDINGS.values()) <= set(ALL)


@pytest.mark.parametrize("unit", ["a", "aB", "a.b", "é", "1", "%", "[", "token", "\ud800"])
def test_hostile_key_takes_linear_time(unit: str) -> None:
    """The time to judge a key grows no faster than the key, up to a megabyte."""
    assert_linear(lambda size: category_of(repeated(unit, size)))
    assert_linear(lambda size: is_identifier(repeated(unit, size)))
    assert_linear(lambda size: is_machine(repeated(unit, size)))
    assert_linear(lambda size: opaque_category_of(repeated(unit, size)))


def _longest_phrase(words: Sequence[str], start: int) -> tuple[int, str, str | None]:
    """The plain reference: every phrase, stem and ending is asked for at every word."""
    for end in range(len(words), start, -1):
        glued = "".join(words[start:end])
        phrase = lexicon._phrases().get(glued)
        if phrase is None or (end > start + 1 and phrase.words == 1):
            continue
        rest = lexicon._without_digits(words[end:])
        if phrase.place == "any" or (not rest and (phrase.place == "last" or start == 0)):
            return end, glued, phrase.category
    word = words[start]
    if any(stem in word for stem in vocabulary.STEMS):
        return start + 1, "password", CREDENTIAL_PASSWORD
    for ending, category in vocabulary.ENDINGS.items():
        if word.endswith(ending) and word not in vocabulary.NO_ENDINGS:
            return start + 1, ending, category
    return start, "", None


def test_the_looks_before_a_phrase_change_nothing() -> None:
    """What most words are dismissed by keeps no phrase, stem or ending from being found."""
    draw = random.Random(11)
    parts = [
        *(part for part in lexicon._phrases()),
        *(part for phrase in vocabulary.PHRASES.values() for part in phrase.split("|")),
        *(*vocabulary.STEMS, *vocabulary.ENDINGS, *vocabulary.NO_ENDINGS),
        *("user", "hash", "7", "ab3", "id", "\u00e9", "x"),
    ]
    for _ in range(6000):
        name = draw.choice("_- .").join(
            draw.choice(("", "", "x", "my", "\u00f8")) + part[: draw.choice((2, 5, 99, 99, 99))]
            for part in draw.choices(parts, k=draw.randrange(1, 4))
        )
        words = lexicon.split_words(name)
        for start in range(len(words)):
            assert lexicon._longest_phrase(words, start) == _longest_phrase(words, start), name
