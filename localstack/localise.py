"""Rewrites template.yaml (standard input) for an emulator; README.md says why each step is needed."""

import sys

from samcli.yamlhelper import yaml_dump, yaml_parse

endpoint, kind = sys.argv[1:]
template = yaml_parse(sys.stdin.read())
resources = template["Resources"]
functions = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"}


def gateway(path, scheme="http"):
    return {"Fn::Sub": f"{endpoint.replace('http', scheme, 1)}/_aws/execute-api/{path}"}


def call_home(defaults):
    defaults["CodeUri"] = "../lambda/bootstrap/"
    defaults["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = endpoint
    for function in functions.values():
        variables = function.get("Environment", {}).get("Variables", {})
        if "SOCKET_ENDPOINT" in variables:
            variables["SOCKET_ENDPOINT"] = gateway("${SocketApi}/${Stage}")
    template["Outputs"]["ApiUrl"]["Value"] = gateway("${HttpApi}/%24default")
    template["Outputs"]["SocketUrl"]["Value"] = gateway("${SocketApi}/${Stage}", "ws")


def add_http_routes():
    for name, function in functions.items():
        for event, source in function.get("Events", {}).items():
            if source["Type"] != "HttpApi":
                continue
            trigger = source["Properties"]
            route_key = f"{trigger['Method']} {trigger['Path']}" if "Path" in trigger else "$default"
            api = {"ApiId": trigger["ApiId"]}
            uri = {"Fn::GetAtt": [name, "Arn"]}
            resources[f"{name}Integration"] = {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": api | {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0", "IntegrationUri": uri},
            }
            resources[f"{name}{event}Route"] = {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": api | {"RouteKey": route_key, "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"}},
            }


def name_secrets_by_arn():
    secrets = [{"Ref": name} for name, each in resources.items() if each["Type"] == "AWS::SecretsManager::Secret"]
    for function in functions.values():
        for policy in function.get("Policies", []):
            # A policy that several share is named here, and has no statements.
            for statement in policy.get("Statement", []):
                if statement["Resource"] in secrets:
                    statement["Resource"] = {"Fn::GetAtt": [statement["Resource"]["Ref"], "Id"]}


def let_send_in_batches():
    for function in functions.values():
        for policy in function.get("Policies", []):
            for statement in policy.get("Statement", []):
                if "sqs:SendMessage" in statement["Action"]:
                    statement["Action"] = [*statement["Action"], "sqs:SendMessageBatch"]


def drop_computed_alarms():
    for name in [name for name, each in resources.items() if "Metrics" in each["Properties"]]:
        del resources[name]


def drop(resource_type):
    for name in [name for name, each in resources.items() if each["Type"] == resource_type]:
        del resources[name]


call_home(template["Globals"]["Function"])
if kind == "ministack":
    add_http_routes()
    name_secrets_by_arn()
    let_send_in_batches()
    drop("AWS::ApiGatewayV2::RouteResponse")
    drop("AWS::ApiGatewayV2::DomainName")
    drop("AWS::ApiGatewayV2::ApiMapping")
    drop("AWS::Route53::RecordSet")
    drop_computed_alarms()
print(yaml_dump(template))
