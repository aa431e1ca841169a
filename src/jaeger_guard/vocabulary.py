"""The words of keys: phrases that name a data category in several languages, and words that undo them.

A phrase is written in lower case, without accents, its words apart: `card number` is found in
`cardNumber`, `card-number`, `CARD_NUMBER` and `cardnumber`. A phrase of one word is found as a whole
word only. Precision comes first: a word that names something harmless as often as something
sensitive (`name`, `key`, `address`, `code`) stands here only beside others.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import (
    CONTACT_ADDRESS,
    CONTACT_EMAIL,
    CONTACT_PHONE,
    CONTACT_WEBSITE,
    CONTENT_BODY,
    CONTENT_PROMPT,
    CREDENTIAL_CONNECTION,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_PRIVATE_KEY,
    CREDENTIAL_SESSION,
    CREDENTIAL_TOKEN,
    DEVICE_ID,
    FINANCIAL_ACCOUNT,
    FINANCIAL_CARD,
    FINANCIAL_CARD_SECURITY,
    FINANCIAL_CARD_TRACK,
    FINANCIAL_IBAN,
    HEALTH_DATE,
    HEALTH_RECORD,
    IDENTITY_DOCUMENT,
    IDENTITY_NATIONAL_ID,
    IDENTITY_USER,
    LOCATION_COORDINATES,
    NETWORK_MAC,
    PERSON_AGE,
    PERSON_BIRTH_DATE,
    PERSON_IMAGE,
    PERSON_NAME,
    SPECIAL_BIOMETRICS,
    SPECIAL_CONVICTION,
    SPECIAL_ETHNICITY,
    SPECIAL_GENETICS,
    SPECIAL_POLITICS,
    SPECIAL_RELIGION,
    SPECIAL_SEXUALITY,
    SPECIAL_UNION,
)

# Found anywhere in a key, also inside a longer word (`txtpassword`): none is part of another word.
STEMS: Final = (
    "password", "passwd", "passwrd", "passphrase", "passwort", "kennwort", "contrasena",
    "contrasenia", "motdepasse", "motpasse", "paroladordine", "wachtwoord", "adgangskode", "losenord",
    "palavrapasse", "parolachiave",
    # Of Russian, Chinese, Japanese, Korean and Polish, as `split_words` leaves their letters.
    "\u043f\u0430\u0440\u043e\u043b\u044c", "\u5bc6\u7801", "\u5bc6\u78bc", "\u30cf\u30b9\u30ef\u30fc\u30c8",
    "\u1107\u1175\u1106\u1175\u11af\u1107\u1165\u11ab\u1112\u1169", "has\u0142o",
)  # fmt: skip

# Found anywhere in a key, longest first where several begin at one word.
PHRASES: Final[dict[str, str]] = {
    CREDENTIAL_PASSWORD: (
        "password|pass word|pass wd|passwd|pwd|passphrase|pass phrase|passcode|pass code|userpwd"
        "|dbpass|userpass|rootpass|adminpass|smtppass|ftppass|loginpass|mysqlpass|keypass|storepass"
        "|pin code|pin number|card pin|user pin|otp|totp|hotp|otp code|one time code|one time pin"
        "|sms code|mfa code|2 fa code|two factor code|backup code|backup codes|recovery code"
        "|recovery codes|verification code|security answer|secret answer|secret question answer"
        "|mot de passe|mot passe|mdp|contrasena|contrasenia|clave de acceso|clave secreta|clave acceso"
        "|senha|passwort|kennwort|parola d ordine|parola ordine|parola chiave|palavra passe"
        "|psk|wifi psk|pre shared key|preshared key|snmp community|community string|bindpw|jaas config"
        "|wachtwoord|losenord|salasana|adgangskode|passord|jelszo|geheimnis|geheimwort"
        "|palavra chave|codigo de seguridad|seed phrase|mnemonic phrase|recovery phrase"
        "|senha usuario|senha do usuario|nova senha|senha atual|clave de usuario|clave usuario|lozinka|zaporka"
        "|pasuwado|pasuwaado|kod dostepu|kod pin"
    ),
    CREDENTIAL_TOKEN: (
        "token|access token|refresh token|id token|auth token|bearer|bearer token|api token|jwt"
        "|access tokens|refresh tokens|auth tokens|api tokens|jwts|xsrf|csrf|csrf token|xsrf token"
        "|anti forgery|antiforgery|request verification token|api key|api keys|rapidapi key|apikey token|app key"
        "|application key|auth key|access key|access keys|access key id|secret|secrets|client secret"
        "|consumer secret|app secret|secret key|secret id|shared secret|shared key|webhook secret"
        "|signing secret|signature|signatures|authorization|authorisation|authentication token"
        "|credential|credentials|creds|sas|sas token|account key|service key|license key|licence key"
        "|product key|encryption key|signing key|master key|subscription key|functions key|auth code"
        "|authorization code|access code|code verifier|saml assertion|client assertion"
        "|saml response|saml request|otp token|magic link|reset link|reset code|google access id"
        "|oauth verifier|hmac key|hmac secret|remember token|remember me token|segreto|secreto"
        "|clave api|cle api|cle secrete|jeton|schluessel geheim|api schlussel|api schluessel"
        "|zugangstoken|zugangsdaten"
        "|storage key|storage account key|service account key|root key|jeton acces|jeton d acces|clef api"
        "|clave de api|chave api|chave de api|chave secreta|chave acesso|chave de acesso|chiave api"
        "|chiave segreta|chiave di accesso|chiave accesso|api sleutel|geheime sleutel|toegangstoken"
        "|klucz api|klucz dostepu|token dostepu|token acceso|token de acceso|token acesso|token de acesso"
        "|token di accesso|token acces|token d acces|api nyckel|api nokkel|auth header|authorization header"
        "|activation code"
    ),
    CREDENTIAL_PRIVATE_KEY: (
        "private key|priv key|ssh key|rsa key|pem key|host key private|pgp private|private pem"
        "|cle privee|clave privada|chave privada|chiave privata|privater schlussel"
    ),
    CREDENTIAL_SESSION: (
        "session id|session ids|sessid|php sessid|j session id|sess id|connect sid|session token"
        "|session key|session cookie|session secret|auth cookie|login cookie|asp net session id"
        "|sitzungs id|id de session|id de sesion"
    ),
    FINANCIAL_CARD: (
        "card number|card num|card no|card nr|card pan|cc number|cc num|cc no|credit card|debit card"
        "|credit card number|debit card number|payment card|payment card number|primary account number"
        "|bank card|card data|carte bancaire|numero carte|numero de carte"
        "|kreditkarte|kreditkartennummer|kartennummer|numero tarjeta|numero de tarjeta|tarjeta credito"
        "|tarjeta de credito|numero cartao|numero do cartao|cartao de credito|cartao credito"
        "|numero carta di credito|carta di credito|carta credito|numero carta"
        "|numero di carta|numero de cartao|creditcardnummer|kreditkartennr|kartennr|numer karty|kortnummer"
        "|betaalkaart"
    ),
    FINANCIAL_CARD_TRACK: (
        "card track|track data|track 1 data|track 2 data|track 3 data|track 2 equivalent data|card track data"
        "|magstripe|magstripe data|mag stripe data|magnetic stripe data|card track 1|card track 2"
    ),
    FINANCIAL_CARD_SECURITY: (
        "pin block|encrypted pin block|pinblock|cvv|cvv 2|cvc|cvc 2|cvv code|cvc code|csc code|card csc|card cvv|card cvc|card verification"
        "|card verification value|card verification code|card security|card security code"
        "|card code|security code|card expiry|card expiration|card exp|card exp month|card exp year"
        "|card expiration date|card expiry date|cc exp|cc expiry|cc expiration|kartenprufnummer"
        "|kartenpruefnummer|prufziffer karte|codigo seguridad tarjeta|cryptogramme"
    ),
    FINANCIAL_IBAN: "iban|iban number|iban code|bank iban",
    FINANCIAL_ACCOUNT: (
        "account number|account no|account num|acct number|acct no|acct num|bank account"
        "|bank account number|routing number|routing no|aba number|bic|bic code|swift code|swift bic"
        "|bank swift|sort code|kontonummer|bankleitzahl|kontoverbindung|numero de compte|numero compte"
        "|compte bancaire|numero cuenta|numero de cuenta|cuenta bancaria|numero da conta|conta bancaria"
        "|conta corrente|numero conto|conto corrente|clabe"
        "|rekeningnummer|bankrekening|numer konta|konto bankowe|kontonr|bankkonto|numero di conto"
    ),
    IDENTITY_NATIONAL_ID: (
        "ssn|social security|social security number|social security no|social insurance number"
        "|national id|national id number|national identity number|national insurance number|nino"
        "|tax id|tax number|tax id number|taxpayer id|tax file number|itin|curp|cpf|dni|nif|aadhaar"
        "|aadhar|aadhaar number|pesel|bsn|sin number|nir number|fiscal code|steuer id|steuernummer"
        "|steueridentifikationsnummer|steuer identifikationsnummer|sozialversicherungsnummer"
        "|sozialversicherung nummer|rentenversicherungsnummer|codice fiscale|numero securite sociale"
        "|numero de securite sociale|securite sociale|seguridad social|numero seguridad social"
        "|numero de seguridad social|numero fiscal|nie number|numero dni|personnummer|personal id number"
        "|personalausweisnummer|burgerservicenummer|sofinummer|ahv nummer|ahv nr|svnr"
        "|sozialversicherungsnr|steuer nr|numero avs|numero insee|numero de identificacion fiscal"
        "|cedula de identidad|cedula identidad|numero de cedula|cuit|numero cpf|cadastro de pessoas fisicas"
        "|rodne cislo|cpr nummer|cpr number|fodselsnummer|henkilotunnus|hetu|isikukood|kennitala|tckn"
        "|kimlik no|nric|national registration number|social security id|siren|siret|numero siret|numero siren|partita iva|abn|acn|my number|kojin bango|juminbeonho|voter id|numero secu"
    ),
    IDENTITY_DOCUMENT: (
        "passport number|passport no|passport num|passport id|driver license|driver licence"
        "|drivers license|drivers licence|driving license|driving licence|driver license number"
        "|id card number|identity card|identity document|personalausweis|ausweisnummer|reisepass"
        "|reisepassnummer|passnummer|numero passeport|numero de passeport|passeport|pasaporte|passaporte"
        "|passaporto|fuhrerschein|fuehrerschein|permis de conduire|permis conduire|carte identite"
        "|carte d identite|carta d identita|carta identita|licencia de conducir|carteira de motorista"
        "|patente di guida|visa number|green card number"
        "|numero di passaporto|numero passaporto|numero de pasaporte|numero pasaporte|numero do passaporte"
        "|numero de passaporte|paspoortnummer|numer paszportu|numer dowodu|numer dowodu osobistego"
        "|passport nr|medical license|medical license number|professional license number|birth certificate number|identity card number|fuhrerscheinnummer|fuehrerscheinnummer|rijbewijsnummer"
        "|carta identita numero|numero carta identita|documento de identidad|documento identidad|license plate"
        "|licence plate|number plate|plate number|dea number|insurance number|insurance policy number"
    ),
    IDENTITY_USER: "username|user name|nombre de usuario|nombre usuario|benutzername|nome utente"
    "|nom utilisateur|nom d utilisateur|nome de usuario|nome usuario|end user id|login name",
    PERSON_NAME: (
        "first name|firstname|fname|last name|lname|full name|given name|given names|family name"
        "|middle name|maiden name|mothers maiden|mother maiden name|surname|real name|legal name"
        "|person name|people name|customer name|customer first name|contact name|patient name"
        "|employee name|guest name|passenger name|recipient name|buyer name|holder name|cardholder"
        "|card holder|cardholder name|card holder name|name on card|account holder|account holder name"
        "|billing name|shipping name|subscriber name|applicant name|user full name|vorname|nachname"
        "|familienname|geburtsname|vollstandiger name|prenom|nom de famille|nom complet|nom client"
        "|nom du client|nom jeune fille|nombre completo|nombre cliente|nombre del cliente|primer nombre"
        "|segundo nombre|apellido|apellidos|primer apellido|sobrenome|nome completo|nome cliente"
        "|nome do cliente|primeiro nome|ultimo nome|cognome|kundenname"
        "|voornaam|achternaam|volledige naam|nazwisko|imie i nazwisko|imie nazwisko|fornamn|efternamn"
        "|fornavn|etternavn|efternavn|etunimi|sukunimi|prijmeni|jmeno a prijmeni|shimei"
        "|nom patient|nom du patient|nombre del paciente|nombre paciente|nome paciente|nome do paciente|enduser name|end user name|name first"
        "|name last|receiver name|beneficiary name|payee name|payer name|next of kin|emergency contact"
    ),
    PERSON_BIRTH_DATE: (
        "birth date|birthday|birth day|dob|date of birth|date birth|born on|geburtsdatum|geburtstag"
        "|date naissance|date de naissance|fecha nacimiento|fecha de nacimiento|data nascimento"
        "|data de nascimento|data nascita|data di nascita|birth year"
        "|geboortedatum|geboortedag|data urodzenia|fodelsedatum|fodselsdato|syntymaaika|datum narozeni"
        "|seinengappi|seinen gappi|fecha nac|data nasc|geb datum|place of birth|birth place|birthplace"
        "|year of birth|yob|geburtsort|lieu de naissance|lieu naissance|lugar de nacimiento|lugar nacimiento"
        "|luogo di nascita|luogo nascita|local de nascimento|geboorteplaats|miejsce urodzenia"
    ),
    CONTACT_EMAIL: (
        "email|emails|e mail|e mails|email address|email addr|mail address|mail addr|user mail"
        "|usermail|customer mail|contact mail|courriel|correo electronico|adresse mail|adresse email"
        "|adresse courriel|mail adresse|mailadresse|email adresse|direccion de correo|indirizzo email"
        "|posta elettronica|endereco de email|endereco email"
        "|e mail adresse|email adres|e mail adres|adres email|adres e mail|correo e|direccion email"
    ),
    CONTACT_PHONE: (
        "phone|phones|phone number|phone no|phone num|telephone|telephone number|mobile number"
        "|mobile phone|mobile no|user mobile|customer mobile|contact mobile|cell phone|cell number"
        "|tel number|tel no|telefon|telefonnummer|telefon nummer|telefono|telefone|telemovel|msisdn|fax"
        "|fax number|handynummer|handy nummer|mobilnummer|celular|numero telephone|numero de telephone"
        "|numero telefono|numero de telefono|numero di telefono|cellulare|whatsapp number"
        "|telefoonnummer|telefoon|mobiel nummer|numer telefonu|numer komorkowy|denwa bango|puhelinnumero"
        "|numero movil|numero de movil|telefono movil|telephone portable|numero portable|numero celular"
        "|numero de celular|numero do celular|numero cellulare|numero di cellulare|gsm nummer|phone nr"
    ),
    CONTACT_ADDRESS: (
        "street|street address|street name|street 1|street 2|postal address|home address|address zip"
        "|mailing address|shipping address|billing address|delivery address|residential address"
        "|user address|customer address|patient address|person address|employee address"
        "|recipient address|member address|guest address|buyer address|passenger address"
        "|current address|permanent address|residence address"
        "|customer address|patient address|address line|address line 1|address line 2|address 1"
        "|address 2|patient zip|customer zip|user zip|member zip|home zip|billing zip|shipping zip|zip code|zip codes|postal code|post code|postcode|zippostal|adresse|postadresse"
        "|anschrift|strasse|strasse hausnummer|hausnummer|postleitzahl|plz|code postal|codigo postal"
        "|direccion|domicilio|indirizzo|endereco|codice postale|adresse postale|wohnort"
        "|woonadres|thuisadres|adres zamieszkania|adres domowy|kod pocztowy|gatuadress|postadress"
        "|hjemmeadresse|straatnaam|logradouro|jusho|apartment number|mailing addr|home addr"
    ),
    HEALTH_RECORD: (
        "diagnosis|diagnoses|diagnostico|mrn|medical record|medical record number|medical history"
        "|medical condition|patient id|patient number|patient no|health plan|health plan number"
        "|health insurance|health insurance number|health record|health condition|blood type"
        "|blood group|icd code|icd 10|prescription|prescriptions|allergy|allergies|medication"
        "|medications|hiv status|nhs number|krankenkasse|krankenversicherung|krankenversichertennummer"
        "|insurance member id|versichertennummer|antecedents medicaux|historia clinica"
        "|blutgruppe|grupo sanguineo|groupe sanguin|gruppo sanguigno|diagnosi|diagnostico medico|krankheit"
        "|krankheiten|enfermedades|antecedentes medicos|allergien|alergias|medikamente|medicamentos"
        "|krankenakte|patientennummer|numero de patient|cartella clinica|disability status"
    ),
    HEALTH_DATE: (
        "admission date|date of admission|admitted at|admit date|discharge date|date of discharge"
        "|discharged at|date of service|encounter date|visit date|date of visit|procedure date|surgery date"
        "|date of surgery|treatment date|date of treatment|prescription date|vaccination date"
        "|immunization date|immunisation date|date of death|death date|deceased date|deceased at"
        "|diagnosis date|date of diagnosis|onset date|specimen date|lab result date"
        "|aufnahmedatum|entlassungsdatum|behandlungsdatum|todesdatum|sterbedatum|impfdatum"
        "|date de deces|date deces|date admission|date d admission|date hospitalisation"
        "|fecha de ingreso|fecha ingreso|fecha de alta|fecha de defuncion|fecha defuncion"
        "|data di ricovero|data ricovero|data di morte|data di dimissione|data internacao|data de internacao"
        "|data obito|data do obito|data de obito"
    ),
    PERSON_AGE: (
        "patient age|user age|customer age|person age|member age|employee age|applicant age|age in years"
        "|age years|age at admission|age at diagnosis|age at death|age at encounter|subject age|visitor age"
        "|alter in jahren|alter jahre|patientenalter|age patient|age du patient|edad paciente"
        "|edad del paciente|eta paziente|idade paciente|idade do paciente"
    ),
    PERSON_IMAGE: (
        "face photo|full face photo|face image|facial image|patient photo|passport photo|profile photo"
        "|user photo|customer photo|id photo|selfie|selfie image|passfoto|lichtbild|photo d identite"
        "|photo identite|foto carnet"
    ),
    CONTACT_WEBSITE: (
        "personal website|personal url|personal homepage|homepage url|home page url|linkedin url"
        "|linkedin profile|facebook profile|facebook url|instagram profile|twitter handle|twitter profile"
        "|patient portal url|patient url"
    ),
    # GDPR, Art. 9(1) and Art. 10.
    SPECIAL_RELIGION: (
        "religion|religious affiliation|religious belief|religious beliefs|religious denomination"
        "|religionszugehorigkeit|religionszugehoerigkeit|konfession|kirchenzugehorigkeit|croyance religieuse"
        "|appartenance religieuse|confession religieuse|creencias religiosas|religione|religiao"
        "|godsdienst|wyznanie|religijnosc|faith affiliation"
    ),
    SPECIAL_ETHNICITY: (
        "ethnicity|ethnicities|ethnic origin|ethnic group|ethnic background|ethnic category|racial origin"
        "|race ethnicity|race and ethnicity|patient race|person race|user race|employee race|applicant race"
        "|skin color|skin colour|skin tone|ethnie|ethnische herkunft|ethnische zugehorigkeit|hautfarbe"
        "|origine ethnique|origen etnico|raza etnia|origine etnica|origem etnica|etnia|etniciteit"
        "|pochodzenie etniczne|tribal affiliation"
    ),
    SPECIAL_POLITICS: (
        "political opinion|political opinions|political affiliation|political party|political view"
        "|political views|political belief|political beliefs|political leaning|party affiliation"
        "|party membership|voter registration party|voting preference|politische meinung"
        "|politische gesinnung|parteizugehorigkeit|parteimitgliedschaft|parteizugehoerigkeit"
        "|opinion politique|opinions politiques|opinion politica|opiniones politicas|afiliacion politica"
        "|opinione politica|opinioni politiche|opiniao politica|filiacao partidaria|politieke voorkeur"
        "|politieke overtuiging|poglady polityczne"
    ),
    SPECIAL_UNION: (
        "trade union|trade union membership|trade union member|labor union|labour union|union membership"
        "|union member|gewerkschaft|gewerkschaftszugehorigkeit|gewerkschaftsmitglied"
        "|gewerkschaftsmitgliedschaft|appartenance syndicale|syndicat|afiliacion sindical"
        "|appartenenza sindacale|iscrizione sindacale|filiacao sindical|vakbond|vakbondslidmaatschap"
        "|przynaleznosc zwiazkowa"
    ),
    SPECIAL_SEXUALITY: (
        "sexual orientation|sexual preference|sexual preferences|sexuality|sex life|sexual identity"
        "|sexual history|sexuelle orientierung|sexualleben|orientation sexuelle|vie sexuelle"
        "|orientacion sexual|vida sexual|orientamento sessuale|vita sessuale|orientacao sexual"
        "|seksuele geaardheid|seksuele voorkeur|orientacja seksualna"
    ),
    SPECIAL_GENETICS: (
        "genetic data|genetic test|genetic test result|genetic marker|genetic markers|genetic information"
        "|genetic profile|dna profile|dna test|dna sequence|genotype|genetische daten|gendaten"
        "|donnees genetiques|datos geneticos|dati genetici|dados geneticos|dane genetyczne"
    ),
    SPECIAL_BIOMETRICS: (
        "biometric data|biometric template|biometric templates|biometric hash|biometric signature"
        "|biometric vector|biometrics|fingerprint template|fingerprint image|fingerprint scan"
        "|finger print template|fingerprint minutiae|face template|face embedding|face embeddings"
        "|face encoding|face encodings|face descriptor|face vector|faceprint|face print|voice print"
        "|voiceprint|voice embedding|iris scan|iris template|iris code|retina scan|palm print|palmprint"
        "|palm vein|gait signature|fingerabdruck|biometrische daten|gesichtsgeometrie|empreinte digitale"
        "|empreintes digitales|donnees biometriques|huella dactilar|huellas dactilares|datos biometricos"
        "|impronta digitale|impronte digitali|dati biometrici|impressao digital|impressoes digitais"
        "|dados biometricos|vingerafdruk|odcisk palca|dane biometryczne"
    ),
    SPECIAL_CONVICTION: (
        "criminal record|criminal records|criminal conviction|criminal convictions|criminal history"
        "|criminal offence|criminal offense|criminal background|prior convictions|vorstrafe|vorstrafen"
        "|strafregister|fuhrungszeugnis|casier judiciaire|condamnations penales|antecedentes penales"
        "|antecedentes criminais|casellario giudiziale|precedenti penali|strafblad|karalnosc"
    ),
    DEVICE_ID: (
        "device serial|device serial number|implant serial number|pacemaker serial number|device id|device uuid|device identifier|imei|imsi|iccid|idfa|idfv|gaid|udid|meid"
        "|advertising id|ad id|android id"
    ),
    NETWORK_MAC: "mac address|mac addr|adresse mac|direccion mac|indirizzo mac|endereco mac|mac adresse",
    LOCATION_COORDINATES: (
        "latitude|longitude|lat lng|lat lon|lat long|gps coordinates|gps location|geo location"
        "|geolocation|geo coordinates|geo point|geo lat|geo lon|geo lng|breitengrad|langengrad"
        "|laengengrad|latitud|longitud|latitudine|longitudine"
    ),
    CONTENT_PROMPT: (
        "system prompt|user prompt|prompt text|prompt content|prompts|chat history|chat messages"
        "|completion text|llm input|llm output"
        "|llm prompt|llm prompts|ai prompt|gen ai prompt|model input|model output|user message"
        "|assistant message|system message text|chat transcript|audio transcript|document content"
        "|message content"
    ),
    CONTENT_BODY: (
        "request body|response body|http body|raw body|body raw|request payload|response payload"
        "|raw payload|email body|mail body|sms body|sms text|message body|post data|form data"
    ),
}  # fmt: skip

# Found only where they end a key (`x-auth`, `db.pass`): elsewhere they begin something harmless.
LAST: Final[dict[str, str]] = {
    CREDENTIAL_PASSWORD: "pass|pw|passw|psw|pin|mfa|passe|parola|clave|haslo|heslo|sifre|mnemonic|geheim",
    CREDENTIAL_TOKEN: "auth|sig|apikeys|hmac",
    CREDENTIAL_SESSION: "sid|sess|cookie|cookies|cookie header",
    FINANCIAL_CARD: "pan|credit card|card|ccn",
    FINANCIAL_CARD_SECURITY: "csc",
    FINANCIAL_ACCOUNT: "aba|wallet address|btc address|eth address|crypto address",
    IDENTITY_NATIONAL_ID: "nie|cnp|cuil"
    "|tfn|egn|oib|cnpj|rut|ruc|cuit|nik|nip|ppsn|hkid|jmbg|emso|amka|afm|ahv|insz|niss|cnic|mykad|nir|gstin|fein",
    IDENTITY_DOCUMENT: "passport|npi|license plate|licence plate",
    HEALTH_RECORD: "nhs|medicare number",
    CONTACT_EMAIL: "correo",
    CONTACT_PHONE: "tel",
    LOCATION_COORDINATES: "lat|lng|lon|gps",
    CONTENT_PROMPT: "prompt",
}

# Found only where they are the whole key.
WHOLE: Final[dict[str, str]] = {
    CREDENTIAL_TOKEN: "salt|schlussel|schluessel",
    CREDENTIAL_SESSION: "session",
    IDENTITY_NATIONAL_ID: "ein|cif",
    IDENTITY_DOCUMENT: "vin",
    FINANCIAL_CARD_TRACK: "track 1|track 2|track1|track2",
    PERSON_NAME: "nombre",
    PERSON_AGE: "age|edad|idade|leeftijd",
    SPECIAL_ETHNICITY: "race",
    CONTACT_PHONE: "mobile|portable|handy|movil|mobiel",
    CONTACT_ADDRESS: "zip|cep|rue|calle|adres",
    LOCATION_COORDINATES: "coordinates",  # RFC 7946 (GeoJSON)
    CONTENT_PROMPT: "completion",
    CONTENT_BODY: "body|payload",
}

# Found where they end a key, and meant only where the value looks drawn at random: it is as often
# a host's name, a number or a flag.
OPAQUE: Final[dict[str, str]] = {
    CREDENTIAL_CONNECTION: "dsn|connection string|conn string|connection url|database url|db url",
    CREDENTIAL_SESSION: "remember me|session",
    CREDENTIAL_TOKEN: (
        "seed|nonce|assertion"
        # Providers whose `<name>_key` is a credential; a key of a cache or a queue isn't drawn at random.
        "|algolia key|anthropic key|azure key|cloudflare key|cohere key|datadog key|deepl key|dropbox key"
        "|elastic key|fastly key|firebase key|gemini key|github key|gitlab key|google key|groq key"
        "|honeycomb key|hubspot key|infura key|klaviyo key|linear key|mailchimp key|mailgun key|mandrill key"
        "|mapbox key|maps key|mistral key|newrelic key|okta key|openai key|pagerduty key|pinecone key"
        "|postmark key|recaptcha key|rollbar key|segment key|sendgrid key|sentry key|shodan key|shopify key"
        "|snyk key|splunk key|square key|stripe key|supabase key|tomtom key|trello key|twilio key"
        "|virustotal key|vonage key|weather key|webhook key|write key|zendesk key"
    ),
}

# Words that end in one of `ENDINGS`, and mean something else.
NO_ENDINGS: Final = frozenset(("voicemail", "onlinemail", "freemail"))

# A word that ends in one of these is taken for it (`githubtoken`, `useremail`).
ENDINGS: Final[dict[str, str]] = {
    "token": CREDENTIAL_TOKEN,
    "secret": CREDENTIAL_TOKEN,
    "apikey": CREDENTIAL_TOKEN,
    "accesskey": CREDENTIAL_TOKEN,
    "privatekey": CREDENTIAL_PRIVATE_KEY,
    "sessionid": CREDENTIAL_SESSION,
    "sessid": CREDENTIAL_SESSION,
    "cardnumber": FINANCIAL_CARD,
    "iban": FINANCIAL_IBAN,
    "email": CONTACT_EMAIL,
    "emailaddress": CONTACT_EMAIL,
    "phonenumber": CONTACT_PHONE,
    "firstname": PERSON_NAME,
    "lastname": PERSON_NAME,
    "fullname": PERSON_NAME,
    "birthdate": PERSON_BIRTH_DATE,
    "dateofbirth": PERSON_BIRTH_DATE,
    "geburtsdatum": PERSON_BIRTH_DATE,
    "secretkey": CREDENTIAL_TOKEN,
    "passportnumber": IDENTITY_DOCUMENT,
    "ausweisnummer": IDENTITY_DOCUMENT,
    "versicherungsnummer": IDENTITY_NATIONAL_ID,
    "steuernummer": IDENTITY_NATIONAL_ID,
    "accountnumber": FINANCIAL_ACCOUNT,
    "kontonummer": FINANCIAL_ACCOUNT,
    "kartennummer": FINANCIAL_CARD,
    "mobilenumber": CONTACT_PHONE,
    "telefonnummer": CONTACT_PHONE,
    "streetaddress": CONTACT_ADDRESS,
    "homeaddress": CONTACT_ADDRESS,
    "billingaddress": CONTACT_ADDRESS,
    "shippingaddress": CONTACT_ADDRESS,
    "postalcode": CONTACT_ADDRESS,
    "vorname": PERSON_NAME,
    "nachname": PERSON_NAME,
    "surname": PERSON_NAME,
}

# As the last word of a key, or right behind the phrase, these say that the value tells something
# about the secret (how many, how long, which kind, whether), and isn't it.
HARMLESS_AFTER: Final = frozenset(
    (
        "count counts counter total size bytes length len limit max min maximum minimum quota budget"
        " enabled disabled required optional allowed supported valid invalid validity verified"
        " unverified verify validated confirmed changed updated created rotated expired expires expiry"
        " expiration exp ttl age lifetime duration timeout interval seconds millis ms"
        " type types kind format encoding algorithm alg version policy strategy strength rule rules"
        " scheme method methods provider providers issuer manager service server backend store storage"
        " endpoint url uri arn path route file filename template templates domain host port usage used"
        " status state result error errors failure failures attempts attempt retries present missing"
        " exists exist set found match matches matched mode model brand network country os level role"
        " scope scopes source bucket index position row column field fields label placeholder pattern"
        " regex layout consent banner samesite secure httponly affinity sent opened"
        " bounced queue topic job worker module class handler middleware controller parser tokenizer"
        " client api sdk library package plugin charset failed masked redacted hidden visible visibility"
        " time timestamp date at on reason ok success flag lookup purpose rotation days hours minutes"
        " mismatch incorrect expire exempt protection pending iss aud audience"
    ).split()
)

# Further such words for all but passwords and what names a person: `api_key_id`, `card_last4`.
HARMLESS_BEHIND_OTHERS: Final = frozenset(
    "id ids kid name names uid last last4 bin hint title caption tooltip fingerprint thumbprint".split()
)

# Right before the phrase, or one word further, these make it a yes-or-no ...
HARMLESS_BEFORE: Final = frozenset(
    "has is was are should can need needs must require requires required allow allows enable enables"
    " disable supports show hide".split()
)

# ... and these a measure; a password is never one.
MEASURES_BEFORE: Final = frozenset("max min num total avg".split())

# Pairs that name something harmless although their second word is a phrase: the first words.
NOT_AFTER: Final[dict[str, frozenset[str]]] = {
    "token": frozenset(
        "next page pagination continuation prev previous sync cancellation cancel input output prompt"
        " completion max stop eos bos pad unk mask special per first last lexer syntax".split()
    ),
    "signature": frozenset("function method type class operation call procedure".split()),
    "prompt": frozenset("token tokens count".split()),
    "address1": frozenset("ip mac server host peer network node remote local".split()),
    "address2": frozenset("ip mac server host peer network node remote local".split()),
    "lat": frozenset("p50 p90 p95 p99 50 90 95 99 read write io disk net".split()),
    "phone": frozenset("i windows smart head".split()),
    "password": frozenset(("no", "without")),
    "adresse": frozenset("ip mac server".split()),
    "direccion": frozenset("ip mac".split()),
    "indirizzo": frozenset("ip mac".split()),
    "endereco": frozenset("ip mac".split()),
    "pass": frozenset("test first second one two multi single render build".split()),
    "card": frozenset("sd sim network graphics video score wild dash".split()),
    "secret": frozenset(("k8s", "kubernetes")),
    "auth": frozenset(("no",)),
}

# Behind `adresse`, `direccion` and the like: a network's address and not a home's.
NOT_BEFORE: Final[dict[str, frozenset[str]]] = {
    "adresse": frozenset("ip mac mail email reseau".split()),
    "direccion": frozenset("ip mac".split()),
    "indirizzo": frozenset("ip mac".split()),
    "endereco": frozenset("ip mac".split()),
    "prompts": frozenset(("token", "tokens")),
    "credential": frozenset(("helper",)),
    "token": frozenset(("based", "bucket", "per")),
    "secret": frozenset(("based",)),
    "email": frozenset("subject campaign batch mime digest backend validator".split()),
    "geolocation": frozenset(("permission",)),
    "password": frozenset(("reset",)),
    "phone": frozenset(("book", "booth", "store")),
}

# As the last word of a key: its value names, numbers, dates or measures something, so that a bare
# run of digits in it is no payment card.
IDENTIFIERS: Final = frozenset(
    (
        "id ids uid uuid guid pid tid oid gid offset timestamp time ts date epoch sequence seq"
        " version hash sha sha1 sha256 md5 digest checksum etag commit revision rev size"
        " bytes length duration elapsed latency millis micros nanos ms us ns port trace span"
        " traceparent cursor partition shard index lineno"
        " traceid spanid requestid orderid userid messageid correlationid"
        " ticket invoice tracking serial sku ean upc gtin isbn xid"
        " firmware sdk driver release chrome browser v ver vers rv"
    ).split()
)

# As the last word of a key: a machine of ours, whose bare address an engineer wants whole ...
MACHINES: Final = frozenset(
    "server servers upstream upstreams nameserver nameservers resolver resolvers broker brokers gateway"
    " bind listen cidr netmask".split()
)

# ... unless one of these stands before.
CLIENTS: Final = frozenset("client remote peer user visitor customer caller".split())

# In a key: four small numbers under it are an address, and no version.
ADDRESSES: Final = frozenset(
    "ip ips ipv addr addrs address addresses client peer remote host origin forwarded visitor caller"
    " source src dst destination xff connecting".split()
)

# What `number` or `no` behind one of these counts is a thing, and not a card.
NUMBERED: Final = frozenset(
    "order line invoice ticket tracking build port part sequence serial batch job run page row version"
    " issue pull partition block shipment parcel case item flight".split()
)
