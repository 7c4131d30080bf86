"""Merging of OpenAPI documents: conflicts of names, references, and invalid documents."""

import pytest

from portal.merge import UnusableDocumentError, merge, part_of


def document(paths, schemas=(), *, openapi="3.1.0", components=(), **more):
    return {
        "openapi": openapi,
        "info": {"title": "A service", "version": "1"},
        "paths": paths,
        "components": {"schemas": dict(schemas), **dict(components)},
        **more,
    }


def get(schema, operation_id="", **more):
    operation = {"responses": {"200": {"description": "It.", "content": {"application/json": {"schema": schema}}}}}
    return {"get": operation | ({"operationId": operation_id} if operation_id else {}) | more}


def to(name):
    return {"$ref": f"#/components/schemas/{name}"}


def everything(path, method):
    return True


def merge_all(keep=everything, **documents):
    return merge([part_of(name, one, keep) for name, one in documents.items()])


def merged(keep=everything, **documents):
    from openapi_spec_validator import OpenAPIV31SpecValidator  # slow to import

    found = merge_all(keep, **documents)
    whole = {"openapi": "3.1.0", "info": {"title": "All", "version": "1"}, **found}
    OpenAPIV31SpecValidator(whole).validate()
    return found


def schema_of(found, path):
    return found["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def test_equal_components_become_one():
    found = merged(
        user=document({"/users": get(to("Problem"))}, {"Problem": TEXT}),
        order=document({"/orders": get(to("Problem"))}, {"Problem": TEXT}),
    )

    assert found["components"]["schemas"] == {"Problem": TEXT}
    assert schema_of(found, "/users") == schema_of(found, "/orders") == to("Problem")


def test_different_components_are_prefixed_with_their_service():
    found = merged(
        user=document({"/users": get(to("Status"))}, {"Status": TEXT}),
        **{"old-order": document({"/orders": get(to("Status"))}, {"Status": NUMBER})},
    )

    assert found["components"]["schemas"] == {"OldOrderStatus": NUMBER, "UserStatus": TEXT}
    assert schema_of(found, "/users") == to("UserStatus")
    assert schema_of(found, "/orders") == to("OldOrderStatus")


def test_equal_components_that_refer_to_different_ones_are_different():
    list_of = {"type": "array", "items": to("Item")}
    pages = {"type": "object", "properties": {"rows": to("List")}}
    schemas = {"Page": pages, "List": list_of}

    found = merged(
        user=document({"/users": get(to("Page"))}, schemas | {"Item": TEXT}),
        order=document({"/orders": get(to("Page"))}, schemas | {"Item": NUMBER}),
    )

    assert set(found["components"]["schemas"]) == {
        f"{service}{name}" for service in ("User", "Order") for name in ("Page", "List", "Item")
    }
    assert found["components"]["schemas"]["UserPage"]["properties"]["rows"] == to("UserList")


def test_equal_components_that_refer_to_each_other_become_one():
    tree = {
        "Tree": {"type": "array", "items": to("Branch")},
        "Branch": {"type": "object", "properties": {"t": to("Tree")}},
    }

    found = merged(
        user=document({"/users": get(to("Tree"))}, tree), order=document({"/orders": get(to("Tree"))}, tree)
    )

    assert set(found["components"]["schemas"]) == {"Tree", "Branch"}


def test_new_name_does_not_conflict_with_an_existing_one():
    found = merged(
        user=document({"/users": get(to("Status"))}, {"Status": TEXT}),
        order=document(
            {"/orders": get({"oneOf": [to("Status"), to("UserStatus")]})}, {"Status": NUMBER, "UserStatus": TEXT}
        ),
    )

    assert set(found["components"]["schemas"]) == {"OrderStatus", "UserStatus", "UserStatus_"}
    assert schema_of(found, "/users") == to("UserStatus_")


def test_other_kinds_of_components_are_renamed_too():
    def one(text):
        return document(
            {f"/{text}": {"get": {"responses": {"400": {"$ref": "#/components/responses/Refused"}}}}},
            components={"responses": {"Refused": {"description": text}}},
        )

    found = merged(user=one("users"), order=one("orders"))

    assert set(found["components"]["responses"]) == {"OrderRefused", "UserRefused"}
    refused = found["paths"]["/users"]["get"]["responses"]["400"]
    assert refused == {"$ref": "#/components/responses/UserRefused"}


@pytest.mark.parametrize("target", ["Cat", "#/components/schemas/Cat"])
def test_mappings_of_discriminators_follow_their_schemas(target):
    def animals(cat):
        pet = {"oneOf": [to("Cat")], "discriminator": {"propertyName": "kind", "mapping": {"cat": target}}}
        return {"Pet": pet, "Cat": {"type": "object", "properties": {"kind": TEXT, "age": cat}}}

    found = merged(
        user=document({"/users": get(to("Pet"))}, animals(TEXT)),
        order=document({"/orders": get(to("Pet"))}, animals(NUMBER)),
    )

    pet = found["components"]["schemas"]["UserPet"]
    assert pet["discriminator"]["mapping"] == {"cat": "#/components/schemas/UserCat"}


def test_discriminator_without_a_mapping_keeps_its_values():
    def animals(cat):
        pet = {"oneOf": [to("Cat")], "discriminator": {"propertyName": "kind"}}
        return {"Pet": pet, "Cat": {"type": "object", "properties": {"kind": TEXT, "age": cat}}}

    found = merged(
        user=document({"/users": get(to("Pet"))}, animals(TEXT)),
        order=document({"/orders": get(to("Pet"))}, animals(NUMBER)),
    )

    pet = found["components"]["schemas"]["OrderPet"]
    assert pet["discriminator"]["mapping"] == {"Cat": "#/components/schemas/OrderCat"}


def test_schemas_that_extend_one_with_a_discriminator_are_its_alternatives():
    def animals(kind):
        pet = {"type": "object", "properties": {"kind": kind}, "discriminator": {"propertyName": "kind"}}
        return {"Pet": pet, "Cat": {"allOf": [to("Pet"), {"type": "object"}]}}

    found = merged(
        user=document({"/users": get(to("Pet"))}, animals(TEXT)),
        order=document({"/orders": get(to("Pet"))}, animals(NUMBER)),
    )

    pet = found["components"]["schemas"]["UserPet"]
    assert pet["discriminator"]["mapping"] == {"Cat": "#/components/schemas/UserCat"}
    assert "UserCat" in found["components"]["schemas"]


def test_operation_ids_become_unique_and_links_follow():
    def one(path):
        operation = get(TEXT, "list")
        operation["get"]["responses"]["200"]["links"] = {"next": {"operationId": "list"}}
        return document({path: operation})

    found = merged(user=one("/users"), order=one("/orders"), third=document({"/third": get(TEXT, "user_list")}))

    operation = found["paths"]["/users"]["get"]
    assert operation["operationId"] == "user_list_"
    assert operation["responses"]["200"]["links"]["next"]["operationId"] == "user_list_"
    assert found["paths"]["/orders"]["get"]["operationId"] == "order_list"
    assert found["paths"]["/third"]["get"]["operationId"] == "user_list"


def test_security_of_a_document_is_moved_to_its_operations():
    def secured(path, scheme, **more):
        return document(
            {path: get(TEXT, **more)}, components={"securitySchemes": {"token": scheme}}, security=[{"token": []}]
        )

    basic, bearer = ({"type": "http", "scheme": name} for name in ("basic", "bearer"))
    found = merged(
        user=secured("/users", basic),
        order=secured("/orders", bearer),
        open=secured("/open", basic, security=[]),
        free=document({"/free": get(TEXT)}),
    )

    securities = {path: item["get"].get("security") for path, item in found["paths"].items()}
    assert securities == {
        "/users": [{"UserToken": []}],
        "/orders": [{"OrderToken": []}],
        "/open": [],
        "/free": None,
    }
    assert set(found["components"]["securitySchemes"]) == {"UserToken", "OrderToken"}


def test_data_that_looks_like_a_reference_is_unchanged():
    data = {"$ref": "#/components/schemas/Status", "operationId": "list", "mapping": {"a": "Status"}}
    schema = {
        "type": "object",
        "example": data,
        "default": data,
        "enum": [data],
        "const": data,
        "examples": [data],
        "x-more": data,
        "properties": {"$ref": to("Status"), "security": TEXT, "example": to("Status"), "default": TEXT},
    }
    found = merge_all(  # the validator reads the data as references
        user=document({"/users": get(to("Thing"))}, {"Status": TEXT, "Thing": schema}),
        order=document({"/orders": get(to("Status"))}, {"Status": NUMBER}),
    )

    thing = found["components"]["schemas"]["Thing"]
    assert [thing[key] for key in ("example", "default", "const", "x-more")] == [data] * 4
    assert thing["enum"] == thing["examples"] == [data]
    assert thing["properties"] == {
        "$ref": to("UserStatus"),
        "security": TEXT,
        "example": to("UserStatus"),
        "default": TEXT,
    }


def test_references_into_components_are_renamed():
    schemas = {"Status": {"type": "object", "properties": {"a": TEXT}}}
    found = merged(
        user=document({"/users": get({"$ref": "#/components/schemas/Status/properties/a"})}, schemas),
        order=document({"/orders": get(to("Status"))}, {"Status": NUMBER}),
    )

    assert schema_of(found, "/users") == {"$ref": "#/components/schemas/UserStatus/properties/a"}


def test_operations_without_a_route_are_left_out():
    paths = {"/users": get(to("User")) | {"delete": get(to("Gone"))["get"]}, "/internal": get(to("Secret"))}

    def keep(path, method):
        return path == "/users" and method == "GET"

    found = merged(keep, user=document(paths, {"User": TEXT, "Secret": TEXT, "Gone": TEXT}))

    assert {path: list(item) for path, item in found["paths"].items()} == {"/users": ["get"]}
    assert found["components"]["schemas"] == {"User": TEXT}


def test_paths_of_server_urls_become_part_of_the_paths():
    paths = {"/users": get(TEXT) | {"servers": [{"url": "http://user:8000"}]}}

    found = merged(user=document(paths, servers=[{"url": "http://user:8000/v1/"}]))

    assert list(found["paths"]) == ["/v1/users"]
    assert "servers" not in found["paths"]["/v1/users"]


def test_references_to_path_items_are_resolved():
    found = merged(
        user=document(
            {"/users": {"$ref": "#/components/pathItems/users"}}, components={"pathItems": {"users": get(TEXT)}}
        )
    )

    assert found["paths"]["/users"]["get"]["tags"] == ["user"]


def test_each_service_is_a_tag():
    found = merged(
        user=document({"/users": get(TEXT, tags=["things"])}), order=document({"/orders": get(TEXT, tags=["things"])})
    )

    assert [item["get"]["tags"] for item in found["paths"].values()] == [["user"], ["order"]]


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"openapi": "3.0.3", "paths": {}},
        document([]),
        document({"/a": []}),
        document({"/a": {"get": 1}}),
        document({"/a": {"get": {"parameters": None}}}),
        document({"/a": {"get": {"parameters": [{"$ref": 1}]}}}),
        document({"/a": {"get": {"requestBody": {"content": []}}}}),
        document({"/a": {"get": {"requestBody": {"content": {"application/json": None}}}}}),
        document({"/a": {"get": {"responses": {"502": {"description": 1}}}}}),
        document({"/a": {"get": {"responses": {"502": {"description": "No.", "headers": []}}}}}),
        document({"/a": get({"$ref": 1})}),
        document({"/a": {"get": {"requestBody": to("Body")}}}, servers=[{"url": "http://["}]),
        document(
            {"/a": {"get": {"requestBody": {"$ref": "#/components/requestBodies/Body"}}}},
            components={"requestBodies": {"Body": {"content": []}}},
        ),
    ],
)
def test_invalid_documents_are_refused(content):
    with pytest.raises(UnusableDocumentError):
        part_of("user", content, everything)


def test_document_of_a_service_is_not_changed():
    original = document(
        {"/users": get(to("Pet"))}, {"Pet": {"oneOf": [to("Cat")], "discriminator": {"propertyName": "k"}}, "Cat": {}}
    )
    before = repr(original)

    merged(user=original)

    assert repr(original) == before
