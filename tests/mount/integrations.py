"""A repository of integrations, in the project's own words: two shops' worth
of flows, exports, imports, connections, scripts, an API and a tool that name
each other by their ids."""

import json
import os


def identify(*parts):
    """24 hexadecimal digits that are the same in every run."""
    number = 0
    for byte in "/".join(str(part) for part in parts).encode():
        number = (number * 1099511628211 + byte) % (1 << 96)
    return f"{number:024x}"


def text(members):
    return (json.dumps(members, indent=2, ensure_ascii=False) + "\n").encode()


def integration(name="Orders"):
    """{path below integrations/NAME: members}"""
    def ident(folder, item):
        return identify(name, folder, item)

    def one(folder, item, **members):
        path = f"{folder}/{item}.json"
        files[path] = {"_id": ident(folder, item), "name": item,
                       "lastModified": "2026-11-01T08:00:00.000Z", **members}

    files = {"integration.json": {
        "_id": identify(name), "name": name, "description": "",
        "lastModified": "2026-11-01T08:00:00.000Z", "mode": "settings"}}
    here = identify(name)
    for item, kind in (("Shop", "http"), ("Ledger", "rest"),
                       ("Files", "ftp")):
        one("connections", item, type=kind, offline=False,
            **{kind: {"auth": {"type": "basic", "basic": {
                "username": "robot", "password": None}},
                "baseURI": f"https://{item.lower()}.example"}})
    for item in ("Map fields", "Split lines"):
        one("scripts", item,
            content="function main (options) {\n  return options.data\n}\n")
    for item, link in (("New orders", "Shop"), ("Refunds", "Shop"),
                       ("Price list", "Files"), ("Stock", "Ledger")):
        one("exports", item, _connectionId=ident("connections", link),
            http={"relativeURI": f"/{item.lower().replace(' ', '-')}",
                  "method": "GET", "paging": {"method": "page", "size": 50}},
            hooks={"preSavePage": {
                "function": "main",
                "_scriptId": ident("scripts", "Split lines")}})
    for item, link in (("Post invoices", "Ledger"), ("Update stock", "Shop"),
                       ("Write report", "Files")):
        one("imports", item, _connectionId=ident("connections", link),
            mapping={"fields": [{"extract": "id", "generate": "number"},
                                {"extract": "sum", "generate": "amount"}]},
            hooks={"preMap": {"function": "main",
                              "_scriptId": ident("scripts", "Map fields")}})
    flows = (("Invoices", "New orders", "Post invoices", "Reports"),
             ("Returns", "Refunds", "Post invoices", None),
             ("Stock levels", "Stock", "Update stock", None),
             ("Reports", "Price list", "Write report", None))
    for item, source, target, then in flows:
        one("flows", item, _integrationId=here, disabled=False,
            schedule="? 0 6 ? * *", timezone="Europe/Vienna",
            pageGenerators=[{"_exportId": ident("exports", source)}],
            pageProcessors=[{"type": "import",
                             "_importId": ident("imports", target)}],
            _runNextFlowIds=[ident("flows", then)] if then else [])
    one("apis", "Order intake", _integrationId=here, version="v1",
        _scriptId=ident("scripts", "Map fields"))
    one("tools", "Ask for stock", _integrationId=here,
        input={"type": "object", "properties": {"sku": {"type": "string"}}},
        steps=[{"_exportId": ident("exports", "Stock")}])
    return files


def write(root, name="Orders"):
    """Write integrations/NAME below @root, as files; its path."""
    top = os.path.join(root, "integrations", name)
    for path, members in integration(name).items():
        file = os.path.join(top, path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as f:
            f.write(text(members))
    return top
