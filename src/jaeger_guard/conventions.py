"""The keys of the semantic conventions, old and new, and the names of headers: tables and nothing else.

`semconv` says what they mean. A key stands under the name of what its value is; strings of names
apart by spaces keep it short enough to be read.
"""

# ruff: noqa: SIM905  (words in a string read better than a list of quotes)

from __future__ import annotations

from typing import Final

from jaeger_guard.categories import (
    CONTACT_ADDRESS,
    CONTACT_EMAIL,
    CONTENT_BODY,
    CONTENT_PROMPT,
    CONTENT_SQL_LITERAL,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_SESSION,
    DEVICE_ID,
    IDENTITY_USER,
    LOCATION_COORDINATES,
    PERSON_NAME,
)

# Technical as a whole: applications add no keys of their own here, or technical ones.
SAFE_NAMESPACES: Final = (
    "android artifact aspnetcore aws az azure browser cassandra cicd cloud cloudfoundry code cpu cpython deployment disk"
    " dotnet go ios jvm kafka nodejs rabbitmq rocketmq signalr v8js"
    " elasticsearch gcp heroku hw jsonrpc k8s linux mainframe mcp nfs oci onc_rpc openai openshift"
    " opentracing oracle oracle_cloud os otel pprof security_rule system telemetry thread tls vcs"
    " webengine zos network process"
    " gen_ai.embeddings gen_ai.openai gen_ai.provider gen_ai.request gen_ai.response gen_ai.token"
    " gen_ai.usage gen_ai.workflow messaging.destination messaging.destination_publish"
    " messaging.eventhubs messaging.kafka messaging.operation messaging.rocketmq messaging.servicebus"
    " host.cpu host.image file.group file.lock file.owner device.model user_agent.os"
    " user_agent.synthetic container.cpu container.csi container.image container.runtime db.cassandra"
    " db.client db.collection db.cosmosdb db.instance db.jdbc db.mssql db.response db.sql"
    " db.stored_procedure db.system http.connection net.host.carrier net.host.connection net.protocol"
    " net.app.protocol rpc.system service.peer"
)

# By namespace, the keys that are technical where the rest of it may be an application's own.
SAFE_KEYS: Final[dict[str, str]] = {
    "": "state type component peer.service pool span.kind internal.span.format error.type",
    "app": "build_id crash.id jank.frame_count jank.period jank.threshold screen.coordinate.x"
    " screen.coordinate.y screen.id widget.id",
    "client": "port socket.port as.number as.organization service.name service.namespace",
    "cloudevents": "event_id event_spec_version event_type",
    "container": "id name",
    "db": "elasticsearch.cluster.name elasticsearch.node.name mongodb.collection name namespace"
    " operation operation.name operation.batch.size query.summary redis.database_index user",
    "destination": "port as.number as.organization prefix",
    "device": "manufacturer",
    "enduser": "role scope pseudo.id",
    "event": "domain name",
    "exception": "type escaped",
    "faas": "coldstart cron document.collection document.operation document.time execution id instance"
    " invocation.id invocation.start_time invocation_id invoked_name invoked_provider invoked_region max_memory name time trigger version",
    "feature_flag": "key provider.name provider_name result.variant variant version",
    "file": "accessed attributes changed created extension fork_name inode mode modified size",
    "gen_ai": "agent.id agent.name agent.version conversation.id data_source.id evaluation.name"
    " evaluation.score.label evaluation.score.value operation.name output.type prompt.name system"
    " tool.call.id tool.name tool.type",
    "geo": "continent.code country.iso_code locality.name region.iso_code",
    "graphql": "operation.name operation.type",
    "host": "arch id type",
    "http": "flavor method request.body.size request.method request.method_original"
    " request.resend_count request.size request_content_length request_content_length_uncompressed"
    " resend_count retry_count response.body.size response.size response.status_code"
    " response_content_length response_content_length_uncompressed route scheme status_code"
    " status_text",
    "log": "file.name iostream record.uid",
    "message": "compressed_size id type uncompressed_size",
    "messaging": "batch.message_count consumer.group.name destination destination_kind"
    " gcp_pubsub.message.ack_deadline gcp_pubsub.message.ack_id gcp_pubsub.message.delivery_attempt"
    " message.body.size message.envelope.size message.id message.payload_compressed_size_bytes"
    " message.payload_size_bytes operation protocol protocol_version rabbitmq.message.delivery_tag"
    " system system.name temp_destination",
    "net": "host.port peer.port sock.family sock.host.port sock.peer.port transport",
    "pool": "name",
    "process": "real_user.name saved_user.name user.name",  # a machine's accounts, and nobody's
    "profile": "frame.type",
    "rpc": "connect_rpc.error_code grpc.status_code jsonrpc.error_code jsonrpc.request_id"
    " jsonrpc.version message.compressed_size message.id message.type message.uncompressed_size method"
    " method_original response.status_code service status_code system",
    "server": "port socket.port as.number as.organization prefix service.name service.namespace",
    "service": "criticality instance.cost_center.id instance.cost_center.name name namespace version",
    "source": "port as.number as.organization",
    "test": "case.result.status suite.name suite.run.status",
    "url": "extension port scheme template",
    "user": "roles hash",
    "user_agent": "name version",
}

# Free text, taken as `key=value` and prose.
TEXT_KEYS: Final = (
    "exception.message error.message feature_flag.error.message otel.status_description"
    " feature_flag.evaluation.error.message rpc.jsonrpc.error_message log.record.original"
    " vcs.change.title vcs.repository.change.title pprof.profile.comment"
    " gen_ai.agent.description gen_ai.tool.description gen_ai.tool.definitions db.connection_string security_rule.description"
    " feature_flag.evaluation.reason feature_flag.result.reason message error"
)

# Values that an application chooses: nothing is known, everything is looked for.
OPEN_KEYS: Final = (
    "db.operation.parameter.index"  # Elasticsearch's: a name, as of a table
    " client.address client.socket.address source.address source.domain http.client_ip"
    " aws.s3.key aws.s3.copy_source aws.s3.delete messaging.kafka.message.key"
    " messaging.rocketmq.message.keys messaging.rocketmq.message.tag messaging.rocketmq.message.group"
    " messaging.gcp_pubsub.message.ordering_key messaging.rabbitmq.destination.routing_key"
    " messaging.rabbitmq.routing_key messaging.client_id messaging.client.id messaging.consumer_id"
    " messaging.message.conversation_id messaging.conversation_id"
    " kafka.message.key rocketmq.message.keys rocketmq.message.tag rocketmq.message.group"
    " rabbitmq.destination.routing_key client.prefix source.prefix"
    " faas.document.name cloudevents.event_subject cloudevents.event_source dns.question.name feature_flag.context.id feature_flag.result.value feature_flag.set.id"
    " file.path file.name file.directory file.symbolic_link.target_path log.file.path"
    " log.file.path_resolved log.file.name_resolved tls.client.subject tls.client.certificate"
    " tls.client.certificate_chain mcp.resource.uri rpc.message.body event.body"
    " container.label container.labels gcp.gce.instance.labels k8s.pod.labels db.elasticsearch.path_parts"
    " test.case.name app.screen.name app.widget.name"
)

MACHINE_KEYS: Final = (
    "dns.answers server.mac.address destination.mac.address network.local.mac.address"
    " server.address server.socket.address server.socket.domain destination.address destination.domain"
    " http.host http.server_name net.host.ip net.host.name net.sock.host.addr network.local.address"
    " host.ip host.mac host.name k8s.pod.ip k8s.pod.hostname hw.network.logical_addresses"
    " hw.network.physical_address tls.client.server_name url.domain url.registered_domain"
    " url.subdomain url.top_level_domain service.instance.id peer.address peer.host hostname"
)

PEER_KEYS: Final = (
    "net.peer.ip net.peer.name net.sock.peer.addr net.sock.peer.name network.peer.address"
    " peer.ipv4 peer.ipv6"
)

FORMAT_KEYS: Final[dict[str, str]] = {
    "url": "url.full url.original http.url http.target browser.document.url.full messaging.url"
    " aws.sqs.queue.url cicd.pipeline.run.url.full cicd.pipeline.task.run.url.full"
    " cicd.worker.url.full vcs.repository.url.full pprof.profile.doc_url url",
    "url_path": "url.path http.path",
    "url_query": "url.query url.fragment http.query",
    "sql": "db.statement db.query.text",
    "graphql": "graphql.document",
    "stacktrace": "exception.stacktrace code.stacktrace exception.stack_trace",
    "text": TEXT_KEYS,
    "command": "process.command process.command_line process.command_args process.title"
    " container.command container.command_args container.command_line",
}

CATEGORY_KEYS: Final[dict[str, str]] = {
    IDENTITY_USER: "enduser.id user.id",
    PERSON_NAME: "user.name user.full_name",
    CONTACT_EMAIL: "user.email",
    CONTACT_ADDRESS: "geo.postal_code",
    LOCATION_COORDINATES: "geo.location.lat geo.location.lon geo.location",
    DEVICE_ID: "device.id app.installation.id",
    CREDENTIAL_SESSION: "session.id session.previous_id mcp.session.id",
    CONTENT_PROMPT: "gen_ai.prompt gen_ai.completion gen_ai.input.messages gen_ai.output.messages"
    " gen_ai.system_instructions gen_ai.tool.call.arguments gen_ai.tool.call.result"
    " gen_ai.retrieval.documents gen_ai.retrieval.query.text gen_ai.evaluation.explanation"
    " gen_ai.event.content gen_ai.content.prompt gen_ai.content.completion input.value output.value"
    " llm.input_messages llm.output_messages llm.prompts llm.completions"
    " llm.prompt_template.variables llm.function_call"
    " traceloop.entity.input traceloop.entity.output traceloop.prompt.template_variables"
    " gen_ai.guardrail.input gen_ai.guardrail.output gen_ai.tool.message gen_ai.choice"
    " retrieval.documents reranker.query reranker.input_documents reranker.output_documents"
    " embedding.text embedding.embeddings document.content message.content message.contents"
    " message_content.text message_content.data message.function_call_arguments_json"
    " tool_call.function.arguments audio.transcript db.query.result.document mcp.request.argument"
    " mcp.response.value ai.prompt ai.prompt.messages ai.response.text ai.response.object"
    " ai.response.toolcalls ai.toolcall.args ai.toolcall.result ai.value ai.values"
    " langfuse.observation.input langfuse.observation.output langfuse.trace.input"
    " langfuse.trace.output mlflow.spaninputs mlflow.spanoutputs all_messages_events tool_arguments"
    " tool_response pydantic_ai.all_messages",
    CONTENT_BODY: "http.request.body http.response.body http.request.body.text"
    " http.response.body.text",
}

# Families: what follows the prefix is a name of the application's.
HEADER_FAMILIES: Final = (
    "http.request.header.",
    "http.response.header.",
    "rpc.request.header.",
    "rpc.response.header.",
    "rpc.response.trailer.",
    "rpc.request.metadata.",
    "rpc.response.metadata.",
    "rpc.grpc.request.metadata.",
    "rpc.grpc.response.metadata.",
    "rpc.connect_rpc.request.metadata.",
    "rpc.connect_rpc.response.metadata.",
    "messaging.header.",
    "messaging.message.header.",
    "messaging.kafka.header.",
    "faas.request.header.",
)
LITERAL_FAMILIES: Final = (
    "db.query.parameter",
    "db.operation.parameter",
    "db.statement.parameter",
    "db.params",
    "sql.params",
)
LEXICON_FAMILIES: Final = (
    "process.environment_variable.",
    "container.label.",
    "db.elasticsearch.path_parts.",
    "faas.environment_variable.",
)
# What describes a part of a prompt, and isn't it.
HARMLESS_ENDS: Final = (
    ".role",
    ".finish_reason",
    ".name",
    ".id",
    ".type",
    ".score",
    ".mime_type",
    ".model_name",
    "_id",
)
PROMPT_FAMILIES: Final = (
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "gen_ai.input.messages.",
    "gen_ai.output.messages.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "llm.completions.",
    "llm.choices.",
    "retrieval.documents.",
    "reranker.input_documents.",
    "reranker.output_documents.",
    "embedding.embeddings.",
    "message.contents.",
)

HEADER_FORMATS: Final[dict[str, str]] = {
    "authorization": "authorization",
    "proxy-authorization": "authorization",
    "x-authorization": "authorization",
    "x-forwarded-authorization": "authorization",
    "x-original-authorization": "authorization",
    "cookie": "cookie",
    "set-cookie": "set_cookie",
    "referer": "url",
    "referrer": "url",
    "location": "url",
    "content-location": "url",
    "origin": "url",
    "x-original-url": "url",
    "x-original-uri": "url",
    "x-rewrite-url": "url",
    "x-forwarded-uri": "url",
    "x-forwarded-path": "url",
    "x-envoy-original-path": "url",
    "grpc-message": "text",
}
# Inside other formats these names are as often something else (`location`, `origin`).
LEAF_FORMATS: Final = frozenset(
    "authorization proxy-authorization x-authorization cookie set-cookie referer referrer".split()
)
SAFE_HEADERS: Final = frozenset(
    (
        "accept accept-charset accept-encoding accept-language accept-ranges age allow alt-svc"
        " access-control-allow-credentials access-control-allow-headers access-control-allow-methods"
        " access-control-expose-headers access-control-max-age access-control-request-headers"
        " access-control-request-method cache-control connection content-encoding content-language"
        " content-length content-range content-type date etag expect expires grpc-accept-encoding"
        " grpc-encoding grpc-status grpc-timeout if-match if-modified-since if-none-match if-range"
        " if-unmodified-since keep-alive last-modified max-forwards pragma priority range retry-after"
        " sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site"
        " sec-fetch-user sec-websocket-accept sec-websocket-key sec-websocket-version server te trailer"
        " transfer-encoding traceparent upgrade upgrade-insecure-requests vary via warning"
        " www-authenticate proxy-authenticate x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid"
        " x-content-type-options x-correlation-id x-forwarded-port x-forwarded-proto x-frame-options"
        " x-powered-by x-request-id x-requested-with x-amzn-trace-id x-amzn-requestid x-cache"
        " uber-trace-id strict-transport-security"
    ).split()
)
MACHINE_HEADERS: Final = frozenset(("host", "x-forwarded-host", "x-forwarded-server", ":authority"))
SECRET_HEADERS: Final = frozenset(
    "dpop authentication-info x-amzn-oidc-data x-amzn-oidc-identity x-vault-token x-xsrf cf-authorization"
    " x-goog-authenticated-user-jwt x-ms-client-principal x-session".split()
)
# A sub-protocol's name (`mqtt`), or the token that browsers can't send otherwise (`bearer.…`).
OPAQUE_HEADERS: Final = frozenset(("sec-websocket-protocol",))
# Who is signed in, as proxies in front say it.
USER_HEADERS: Final = frozenset(
    "x-forwarded-user x-forwarded-preferred-username x-auth-request-user x-remote-user remote-user"
    " x-ms-client-principal-name x-authenticated-user x-webauth-user".split()
)
SAFE_VARIABLES: Final = frozenset("pwd oldpwd lang path home shell term tz user hostname".split())

# Names inside formats whose value may be a one-time credential, or just a word or a number.
OPAQUE_LEAVES: Final = frozenset(
    "code state key ticket nonce hash verifier challenge relaystate".split()
)
SECRET_LEAVES: Final = frozenset(
    "awsaccesskeyid googleaccessid authorization.credentials samlresponse samlrequest".split()
)
# Names that our own formats give to leaves that have none of their own.
STRUCTURAL_CATEGORIES: Final = {
    "url.username": CREDENTIAL_PASSWORD,
    "url.password": CREDENTIAL_PASSWORD,
    "sql.literal": CONTENT_SQL_LITERAL,
    "db.query.parameter": CONTENT_SQL_LITERAL,
    "redis.argument": CONTENT_SQL_LITERAL,
}
STRUCTURAL_FORMATS: Final = {
    "url": "url",
    "uri": "url",
    "db.query.text": "sql",
    "sql.comment": "text",
    "xml.comment": "text",
    "exception.message": "text",
}
# Cookies that hold a preference and never a visitor.
HARMLESS_COOKIES: Final = frozenset(
    "theme lang language locale currency consent timezone tz dark darkmode color country region i18n"
    " sidebar layout gdpr cookieconsent font density view sort scheme samesite httponly".split()
)
