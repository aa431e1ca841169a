"""Tokens of what runs applications together: clusters, infrastructure as code, feature flags."""

from __future__ import annotations

from typing import Final

from jaeger_guard.detectors.tokens.token import Token

CLUSTERS: Final[tuple[Token, ...]] = (
    Token(
        "kubernetes_bootstrap",
        "Kubernetes",
        "bootstrap token",
        (),
        "{lower:6}.{lower:16}",
        "https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/",
        beside=("bootstrap", "kubeadm"),
    ),
    Token(
        "k3s",
        "K3s and RKE2",
        "server token",
        ("K10",),
        "{hex:64}::{slug:1-16}:{padded:8-80}",
        "https://docs.k3s.io/cli/token",
        cut=40,
    ),
    Token(
        "rancher",
        "Rancher",
        "API token",
        ("token-", "kubeconfig-u-", "kubeconfig-user-"),
        "{lower:5-14}:{lower:54}",
        "https://ranchermanager.docs.rancher.com/api/api-tokens",
        cut=30,
    ),
    Token(
        "portainer",
        "Portainer",
        "access token",
        ("ptr_",),
        "{base64:43}=",
        "https://docs.portainer.io/api/access",
        cut=24,
    ),
    Token(
        "terraform_cloud",
        "HashiCorp Terraform",
        "user, team and organization token",
        (),
        "{alnum:14}.atlasv1.{padded:60-80}",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs#authentication",
    ),
    Token(
        "pulumi",
        "Pulumi",
        "access token",
        ("pul-",),
        "{hex:40}",
        "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/",
    ),
    Token(
        "consul",
        "HashiCorp Consul and Nomad",
        "ACL token",
        (),
        "{uuid}",
        "https://developer.hashicorp.com/consul/docs/security/acl/tokens",
        beside=("consul", "nomad"),
    ),
)

FLAGS: Final[tuple[Token, ...]] = (
    Token(
        "launchdarkly",
        "LaunchDarkly",
        "API and SDK key",
        ("api-", "sdk-", "mob-"),
        "{uuid}",
        "https://launchdarkly.com/docs/home/account/api",
        cut=36,
    ),
    Token(
        "flagsmith",
        "Flagsmith",
        "server-side key",
        ("ser.",),
        "{alnum:22}",
        "https://docs.flagsmith.com/clients/server-side",
        cut=22,
    ),
    Token(
        "unleash",
        "Unleash",
        "backend token",
        (
            *("*:production.", "*:development.", "*:*.", "default:production."),
            *("default:development.", "default:default."),
        ),
        "{hex:56-64}",
        "https://docs.getunleash.io/reference/api-tokens-and-client-keys",
        glued=True,
    ),
    Token(
        "configcat",
        "ConfigCat",
        "SDK key",
        ("configcat-sdk-1/",),
        "{base64url:22}/{base64url:22}",
        "https://configcat.com/docs/sdk-reference/overview/",
    ),
    Token(
        "statsig",
        "Statsig",
        "server secret and console key",
        ("secret-", "console-"),
        "{alnum:43-50}",
        "https://docs.statsig.com/access-management/api-keys",
        cut=24,
    ),
    Token(
        "optimizely",
        "Optimizely",
        "personal access token",
        (),
        ("2:{base64url:43-86}", "{base64url:43}"),
        "https://docs.developers.optimizely.com/feature-experimentation/reference/api-authentication",
        beside=("optimizely",),
    ),
    Token(
        "split",
        "Split",
        "server-side API key",
        (),
        "{lower:40-56}",
        "https://docs.split.io/reference/authentication",
        beside=("split_", "split.io", "splitio"),
    ),
    Token(
        "devcycle",
        "DevCycle",
        "server key",
        ("dvc_server_",),
        "{word:24-60}",
        "https://docs.devcycle.com/essentials/keys/",
    ),
)

TOKENS: Final = CLUSTERS + FLAGS
