"""Start ministack with the patches that these tests need, and serve the ports of its load balancer.

ADDRESS is the IP address at which the machine reaches this container, and the name of the load balancer and
the image repository. HOST is the site's host name; the authority that signed its certificate is in
/authority.pem. The database of a template is a real one with TLS in this container's network.
"""

import http.client
import json
import os
import secrets
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import docker
import ministack.app as app
import trustme
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import alb, ecr, ecs, sts
from ministack.services.cloudformation import provisioners

ADDRESS, HOST = os.environ["ADDRESS"], os.environ["HOST"]
BALANCER = provisioners._RESOURCE_HANDLERS["AWS::ElasticLoadBalancingV2::LoadBalancer"]
SERVICE = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
DATABASE = provisioners._RESOURCE_HANDLERS["AWS::RDS::DBInstance"]
TLS = "printenv KEY > /tmp/key; printenv CERT > /tmp/cert; chmod 600 /tmp/key; chown postgres /tmp/*"
SERVE = "exec docker-entrypoint.sh postgres -c ssl=on -c ssl_key_file=/tmp/key -c ssl_cert_file=/tmp/cert"
AUTHORITY = trustme.CA()

# Otherwise task definitions in templates lose the keys of their secrets.
provisioners._normalize_container_defs = provisioners._pascal_to_camel
# The bucket requires HTTPS, but the emulator serves HTTP.
pin_origin = app.pin_request_origin
app.pin_request_origin = lambda address, _secure: pin_origin(address, True)
# Longer than a site that cannot start takes to exit.
ecs._ECS_DEPLOYMENT_STEADY_DELAY = 5.0
# Docker trusts a registry in 127.0.0.0/8 without TLS.
ecr._repo_uri = lambda name: f"{ADDRESS}:4566/{name}"
# All requests on ports 80 and 443 are for the only load balancer.
app._is_potential_alb_request = lambda host, path: host.endswith((":80", ":443"))
alb.find_lb_for_host = lambda host: next(iter(alb._lbs.values()), None)


# --- Permissions: for ECS, ministack checks the cluster's ARN; AWS checks that of the service, the task, ...:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html


def find_resource(
    service, method, path, headers, body, query, region, account, find=iam_actions.extract_resource_arn
):
    if service != "ecs":
        return find(service, method, path, headers, body, query, region, account)
    data = json.loads(body)
    arn = f"arn:aws:ecs:{region}:{account}"
    match headers["x-amz-target"].rpartition(".")[2]:
        case "DescribeServices":
            return f"{arn}:service/{data['cluster']}/{data['services'][0]}"
        case "UpdateService":
            return f"{arn}:service/{data['cluster']}/{data['service']}"
        case "DescribeTasks" | "StopTask":
            return data.get("task") or data["tasks"][0]
        case "RunTask":
            return data["taskDefinition"]
    return "*"


def build_context(service, action, body, query, find=iam_actions.request_tag_context):
    cluster = json.loads(body).get("cluster") if service == "ecs" else None
    named = {"ecs:cluster": f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{cluster}"}
    return {**find(service, action, body, query), **(named if cluster else {})}


def register_metadata(
    task, cluster, definition, container, launch_type, env, *more, register=ecs._register_metadata
):
    """Give a container the permissions of its task's role through environment variables.

    boto3 accepts the usual metadata endpoint only on AWS itself.
    """
    token = register(task, cluster, definition, container, launch_type, env, *more)
    key, secret, session = (secrets.token_hex(20) for _ in range(3))
    name = definition["taskRoleArn"].rpartition("/")[2]
    role_arn = f"arn:aws:sts::{get_account_id()}:assumed-role/{name}/ecs"
    session_data = {"Arn": role_arn, "AccountId": get_account_id(), "PrincipalType": "AssumedRole"}
    sts.register_session(key, {**session_data, "SecretAccessKey": secret, "SessionToken": session})
    del env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    env.update(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret, AWS_SESSION_TOKEN=session)
    env["AWS_REGION"] = get_region()
    return token


def build_containers(*arguments, make=ecs._build_task_containers):
    # ECS Exec needs an agent, of which the emulator has only the API.
    agent = {"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}
    return [{**each, "managedAgents": [agent]} for each in make(*arguments)]


ecs._register_metadata = register_metadata
ecs._build_task_containers = build_containers
iam_actions.extract_resource_arn = find_resource
iam_actions.request_tag_context = build_context

# --- Resources of templates -------------------------------------------------------------------------


def create_balancer(*arguments, create=BALANCER["create"]):
    identifier, attributes = create(*arguments)
    alb._lbs[identifier]["DNSName"] = attributes["DNSName"] = ADDRESS
    return identifier, attributes


def create_service(logical_id, properties, *more, create=SERVICE["create"]):
    # Parameters are strings, even for numbers.
    count = {name: int(value) for name, value in properties.items() if name == "DesiredCount"}
    return create(logical_id, {**properties, **count}, *more)


def create_database(logical_id, properties, stack, *more, create=DATABASE["create"]):
    identifier, attributes = create(logical_id, properties, stack, *more)
    certificate = AUTHORITY.issue_cert(attributes["Endpoint.Address"])
    engine = docker.from_env()
    [network] = engine.containers.get(os.environ["HOSTNAME"]).attrs["NetworkSettings"]["Networks"]
    database = engine.containers.create(
        "postgres:18",
        entrypoint=["sh", "-c", f"{TLS}; {SERVE}"],
        environment={
            "POSTGRES_USER": properties["MasterUsername"],
            "POSTGRES_PASSWORD": properties["MasterUserPassword"],
            "POSTGRES_DB": properties["DBName"],
            "KEY": certificate.private_key_pem.bytes().decode(),
            "CERT": certificate.cert_chain_pems[0].bytes().decode(),
        },
    )
    engine.networks.get(network).connect(database, aliases=[attributes["Endpoint.Address"]])
    database.start()
    return identifier, attributes


BALANCER["create"] = create_balancer
SERVICE["create"] = create_service
DATABASE["create"] = create_database


class Front(BaseHTTPRequestHandler):
    """Forward a request to the load balancer, which finds the listener by the port in Host."""

    def forward(self):
        length = int(self.headers.get("Content-Length", 0))
        name = self.headers.get("Host", HOST).partition(":")[0]
        headers = {**self.headers, "Host": f"{name}:{self.server.server_port}"}
        balancer = http.client.HTTPConnection("127.0.0.1", 4566, timeout=30)
        balancer.request(self.command, self.path, self.rfile.read(length), headers)
        response = balancer.getresponse()
        body = response.read()
        self.send_response(response.status)
        for header, value in response.getheaders():
            if header.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = forward  # noqa: N815

    def log_message(self, *_):
        pass


AUTHORITY.cert_pem.write_to_path("/authority.pem")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
AUTHORITY.issue_cert(HOST).configure_cert(context)
plain, secure = (ThreadingHTTPServer(("", port), Front) for port in (80, 443))
secure.socket = context.wrap_socket(secure.socket, server_side=True)
for server in (plain, secure):
    threading.Thread(target=server.serve_forever, daemon=True).start()
app.main()
