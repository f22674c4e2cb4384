"""Puts bindings through Azure's own Python library.

Reads a JSON list of {"name", "bindings"} from stdin; prints a JSON list of what the library makes of each:
{"functionJson": ...}, or {"error": ...} where it refuses.
"""

import json
import logging
import re
import sys

import azure.functions as func

logging.disable(logging.CRITICAL)

DECORATORS = {
    ("daprserviceinvocationtrigger", "in"): "dapr_service_invocation_trigger",
    ("daprbindingtrigger", "in"): "dapr_binding_trigger",
    ("daprtopictrigger", "in"): "dapr_topic_trigger",
    ("daprstate", "in"): "dapr_state_input",
    ("daprsecret", "in"): "dapr_secret_input",
    ("daprstate", "out"): "dapr_state_output",
    ("daprpublish", "out"): "dapr_publish_output",
    ("daprinvoke", "out"): "dapr_invoke_output",
    ("daprbinding", "out"): "dapr_binding_output",
}

# Arguments that the library wants though the host does not.
REQUIRED = {
    "dapr_service_invocation_trigger": ["method_name"],
    "dapr_binding_trigger": ["binding_name"],
    "dapr_topic_trigger": ["pub_sub_name", "topic"],
    "dapr_state_input": ["state_store", "key"],
    "dapr_secret_input": ["secret_store_name", "key", "metadata"],
    "dapr_state_output": ["state_store", "key"],
    "dapr_publish_output": ["pub_sub_name", "topic"],
    "dapr_invoke_output": ["app_id", "method_name", "http_verb"],
    "dapr_binding_output": ["binding_name", "operation"],
}


def snake_case(name):
    return re.sub(r"([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def decorate(app, function, binding):
    members = {key: value for key, value in binding.items() if key not in ("type", "direction", "name")}
    kind, direction, name = binding["type"], binding["direction"], binding["name"]
    decorator = DECORATORS.get((kind.lower(), direction))
    if decorator:
        arguments = dict.fromkeys(REQUIRED[decorator])
        arguments.update({snake_case(key): value for key, value in members.items()})
        return getattr(app, decorator)(arg_name=name, **arguments)(function)
    if kind == "httpTrigger":
        arguments = {snake_case(key): value for key, value in members.items()}
        return app.route(trigger_arg_name=name, **arguments)(function)
    if kind == "http":
        return function  # `route` adds it
    if "dataType" in members:
        members["data_type"] = members.pop("dataType")
    if kind.lower().endswith("trigger"):
        return app.generic_trigger(arg_name=name, type=kind, **members)(function)
    if direction == "in":
        return app.generic_input_binding(arg_name=name, type=kind, **members)(function)
    return app.generic_output_binding(arg_name=name, type=kind, **members)(function)


def to_function_json(definition):
    app = func.FunctionApp()

    def body():
        pass

    try:
        function = app.function_name(definition["name"])(body)
        for binding in definition["bindings"]:
            function = decorate(app, function, binding)
        [built] = app.get_functions()
        return {"functionJson": json.loads(built.get_function_json())}
    except ValueError as error:
        return {"error": str(error)}


print(json.dumps([to_function_json(definition) for definition in json.load(sys.stdin)]))
