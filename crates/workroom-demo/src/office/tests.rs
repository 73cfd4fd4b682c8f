//! The verbs of the records' servers.

use serde_json::{Value, json};

use super::*;

const TOOLS: &str = "
paging chained
shape pet {id:str,name:str,tags?:[str]}
tool list_pets
: Lists.
op list pets
arg kind str
arg since date >= _born
out page pet
tool get_pet
: Gets.
op get pets
arg pet_id! str > id
tool create_pet
: Creates.
op create pets P state=new
arg name! str
arg home str > owner.home
tool rename_pet
: Renames.
op update pets
arg pet_id! str > id
arg name! str
tool tag_pet
: Tags.
op add pets tags value
arg pet_id! str > id
arg tag! str
tool remove_pet
: Removes.
op remove pets
arg pet_id! str > id
tool count_pets
: Counts.
op count pets kind
tool find_pets
: Finds.
op search pets name kind
arg query! str
";

fn office() -> Office {
    let pets = vec![
        json!({ "id": "P1", "name": "Ada", "kind": "cat", "_born": "2020-01-01" }),
        json!({ "id": "P2", "name": "Bo", "kind": "dog", "_born": "2022-01-01" }),
    ];
    Office::new(TOOLS, Tables::from([("pets", pets)]), |_| None)
}

#[track_caller]
fn check(office: &mut Office, tool: &str, given: &Value, expected: &Value) {
    let answer = office.call(tool, given.as_object().unwrap());
    let answer = answer.unwrap_or_else(|refusal| json!(refusal.to_string()));
    assert_eq!(&answer, expected, "{tool}");
}

#[test]
fn lists_are_filtered_and_show_what_the_shape_names() {
    let office = &mut office();
    let ada =
        json!({ "data": [{ "id": "P1", "name": "Ada" }], "has_more": false, "next_cursor": null });
    check(office, "list_pets", &json!({ "kind": "cat" }), &ada);
    let dog = json!({ "id": "P2", "name": "Bo", "kind": "dog" });
    let found = json!({ "data": [dog], "has_more": false, "next_cursor": null });
    check(office, "find_pets", &json!({ "query": "DOG bo" }), &found);
    let bo =
        json!({ "data": [{ "id": "P2", "name": "Bo" }], "has_more": false, "next_cursor": null });
    check(office, "list_pets", &json!({ "since": "2021-06-01" }), &bo);
    let first = office.call("list_pets", json!({ "limit": 1 }).as_object().unwrap()).unwrap();
    check(office, "list_pets", &json!({ "cursor": first["next_cursor"] }), &bo);
    let each = ["cat", "dog"].map(|kind| json!({ "value": kind, "count": 1 }));
    let counts = json!({ "field": "kind", "counts": each });
    check(office, "count_pets", &json!({}), &counts);
}

#[test]
fn what_is_written_is_there() {
    let office = &mut office();
    let made = json!({ "id": "90007", "name": "Cy", "owner": { "home": "x" }, "state": "new" });
    let mut made = made;
    made["id"] = json!("P90007");
    check(office, "create_pet", &json!({ "name": "Cy", "home": "x" }), &made);
    made["name"] = json!("Di");
    check(office, "rename_pet", &json!({ "pet_id": "P90007", "name": "Di" }), &made);
    made["tags"] = json!(["old"]);
    check(office, "tag_pet", &json!({ "pet_id": "P90007", "tag": "old" }), &made);
    check(office, "get_pet", &json!({ "pet_id": "P90007" }), &made);
    check(
        office,
        "remove_pet",
        &json!({ "pet_id": "P1" }),
        &json!({ "deleted": true, "id": "P1" }),
    );
    check(office, "get_pet", &json!({ "pet_id": "P1" }), &json!("there is no record `P1`"));
}

#[test]
fn what_the_schema_forbids_is_refused() {
    let office = &mut office();
    check(office, "rename_pet", &json!({ "pet_id": "P1" }), &json!("`name` is missing"));
    check(office, "rename", &json!({}), &json!("there is no tool `rename`"));
}
