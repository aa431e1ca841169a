"""Tokens of the three large clouds: Amazon, Google, Microsoft."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.detector import NearMiss
from jaeger_guard.detectors.tokens.token import Token

_AWS: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"
_GOOGLE: Final = "https://developers.google.com/identity/protocols/oauth2"
_AZURE: Final = "https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage"
_ANNOTATED: Final = "https://github.com/microsoft/security-utilities"

AMAZON: Final[tuple[Token, ...]] = (
    Token(
        "aws_access_key_id",
        "Amazon Web Services",
        "access key id",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        "{upper:16}",
        _AWS,
        cut=12,
        near_misses=(NearMiss("AKIAPLATZ IN ASIATICA", because="words in capitals"),),
    ),
    Token(
        "aws_secret_access_key",
        "Amazon Web Services",
        "secret access key",
        (),
        "{base64:40}",
        _AWS,
        beside=("aws", "amazon", "secretaccesskey", "secret_access_key"),
    ),
    Token(
        "aws_session_token",
        "Amazon Web Services",
        "session token",
        # Base64 of what every such token begins with.
        ("IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"),
        "{padded:80-2048}",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html",
    ),
    Token(
        "aws_bedrock",
        "Amazon Bedrock",
        "API key",
        ("ABSK", "bedrock-api-key-"),
        "{padded:100-4096}",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
        cut=40,
    ),
    Token(
        "amazon_mws",
        "Amazon Marketplace",
        "MWS auth token",
        ("amzn.mws.",),
        "{uuid}",
        "https://developer-docs.amazon.com/sp-api/",
    ),
    Token(
        "amazon_login_secret",
        "Login with Amazon",
        "client secret",
        ("amzn1.oa2-cs.v1.",),
        "{hex:64}",
        "https://developer.amazon.com/docs/login-with-amazon/documentation-overview.html",
    ),
    Token(
        "amazon_login_token",
        "Login with Amazon",
        "access and refresh token",
        ("Atza|", "Atzr|", "Atza%7C", "Atzr%7C"),
        "{padded:60-2048}",
        "https://developer.amazon.com/docs/login-with-amazon/access-token.html",
    ),
    Token(
        "aws_appsync",
        "AWS AppSync",
        "API key",
        ("da2-",),
        "{lower:26}",
        "https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html",
    ),
)

GOOGLE: Final[tuple[Token, ...]] = (
    Token(
        "google_api_key",
        "Google Cloud",
        "API key",
        ("AIza",),
        "{base64url:35}",
        "https://cloud.google.com/docs/authentication/api-keys",
    ),
    Token(
        "google_auth_key",
        "Google Cloud",
        "API key bound to a service account",
        ("AQ.Ab8",),
        "{base64url:40-80}",
        "https://cloud.google.com/docs/authentication/api-keys",
    ),
    Token(
        "google_oauth_access",
        "Google",
        "OAuth access token",
        ("ya29.",),
        "{dotted:20-2048}",
        _GOOGLE,
        near_misses=(NearMiss("ya29.txt is here", because="a file"),),
    ),
    Token(
        "google_oauth_secret", "Google", "client secret", ("GOCSPX-",), "{base64url:28}", _GOOGLE
    ),
    Token(
        "google_oauth_refresh",
        "Google",
        "OAuth refresh token",
        ("1//0",),
        "{base64url:40-512}",
        _GOOGLE,
        cut=40,
        near_misses=(NearMiss("v1//0/path", because="a path"),),
    ),
    Token(
        "google_oauth_code",
        "Google",
        "OAuth authorization code",
        ("4/0A", "4%2F0A"),
        "{base64url:60-256}",
        _GOOGLE,
        cut=40,
    ),
    Token(
        "google_storage_hmac",
        "Google Cloud Storage",
        "HMAC access id",
        ("GOOG1E", "GOOG4E"),
        "{upper:18-55}",
        "https://cloud.google.com/storage/docs/authentication/hmackeys",
        cut=18,
    ),
    Token(
        "google_storage_hmac_secret",
        "Google Cloud Storage",
        "HMAC secret",
        (),
        "{base64:40}",
        "https://cloud.google.com/storage/docs/authentication/hmackeys",
        beside=("google", "gcs", "gcp"),
    ),
    Token(
        "firebase_messaging",
        "Firebase",
        "Cloud Messaging server key",
        (),
        "{base64url:11}:APA91b{base64url:100-140}",
        "https://firebase.google.com/docs/cloud-messaging",
    ),
    Token(
        "google_recaptcha",
        "Google reCAPTCHA",
        "site secret",
        (),
        "6L{base64url:38}",
        "https://developers.google.com/recaptcha/docs/verify",
        beside=("recaptcha",),
    ),
)

MICROSOFT: Final[tuple[Token, ...]] = (
    Token(
        "azure_client_secret",
        "Microsoft Entra",
        "client secret",
        (),
        "{tilde:3}{digit:1}Q~{tilde:31-34}",
        "https://learn.microsoft.com/entra/identity-platform/quickstart-register-app",
    ),
    Token(
        "azure_long_key",
        "Microsoft Azure",
        "account key (storage, Cosmos DB, Batch, API Management)",
        (),
        (
            "{base64:76}+ASt{base64:6}==",
            "{base64:76}ACDb{base64:6}==",
            "{base64:76}+ABa{base64:6}==",
            "{base64:76}APIM{base64:6}==",
            "{base64:76}+AMC{base64:6}==",
        ),
        _ANNOTATED,
    ),
    Token(
        "azure_short_key",
        "Microsoft Azure",
        "access key (Event Hubs, Service Bus, Relay, IoT Hub, Event Grid, Redis)",
        (),
        (
            "{base64:33}+AEh{base64:6}=",
            "{base64:33}+ASb{base64:6}=",
            "{base64:33}+ARm{base64:6}=",
            "{base64:33}AIoT{base64:6}=",
            "{base64:33}AZEG{base64:6}=",
            "{base64:33}AzCa{base64:6}=",
        ),
        _ANNOTATED,
    ),
    Token(
        "azure_search",
        "Azure AI Search and Container Registry",
        "key",
        (),
        ("{alnum:42}AzSe{alnum:6}", "{base64:42}+ACR{alnum:6}"),
        _ANNOTATED,
    ),
    Token(
        "azure_functions",
        "Azure Functions",
        "host key",
        (),
        "{base64url:44}AzFu{base64url:6}==",
        _ANNOTATED,
    ),
    Token(
        "azure_annotated",
        "Microsoft Azure",
        "annotated key (Azure OpenAI, AI services, DevOps)",
        (),
        "{alnum:52}JQQJ9{alnum:20-27}",
        _ANNOTATED,
    ),
    Token(
        "azure_devops",
        "Azure DevOps",
        "personal access token",
        (),
        "{alnum:76}AZDO{alnum:4}",
        "https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
    ),
    Token(
        "azure_devops_legacy",
        "Azure DevOps",
        "personal access token, before 2024",
        (),
        "{lower:52}",
        "https://learn.microsoft.com/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate",
        beside=("azure", "devops", "azdo", "vsts", "visualstudio"),
    ),
    Token(
        "azure_key",
        "Microsoft Azure",
        "account key",
        (),
        ("{base64:86}==", "{hex:32}"),
        _AZURE,
        beside=("azure", "cosmos", "ocp-apim", "cognitive"),
    ),
    Token(
        "azure_storage_signature",
        "Azure Storage",
        "signature of a shared access signature",
        ("&sig=", "?sig=", " sig=", ";sig="),
        "{percent:43-96}",
        "https://learn.microsoft.com/rest/api/storageservices/create-service-sas",
        behind=True,
        glued=True,
        cut=24,
    ),
    Token(
        "microsoft_refresh",
        "Microsoft",
        "refresh token of a personal account",
        ("M.R3_", "M.C5"),
        "{tilde:60-2048}",
        "https://learn.microsoft.com/entra/identity-platform/refresh-tokens",
        cut=40,
    ),
)

TOKENS: Final = AMAZON + GOOGLE + MICROSOFT
