//! What imports, and names that stand for servers without one, are compiled to.

use expect_test::expect;

use crate::check;

#[test]
fn a_namespace_import_lists_every_function() {
    check(
        "import * as crm from './servers/crm';\nimport shop from '../servers/shop-eu/index.ts';\n\
         return [await crm.getContact({ id: 1 }), crm.list_deals(), shop]",
        &expect![[r#"
            "use strict";
            var crm, shop;
            (async () => {
            	crm = __workroom.module("crm", [
            		["getContact", "get_contact"],
            		["listDeals", "list_deals"],
            		["search", "crm/search"],
            		["list_deals", "list_deals"]
            	]);
            	shop = __workroom.module("shop-eu", [["getOrder", "getOrder"]]);
            	return [
            		await crm.getContact({ id: 1 }),
            		await crm.list_deals(),
            		shop
            	];
            })();
        "#]],
    );
}

#[test]
fn a_named_import_lists_what_it_names() {
    check(
        "import { getContact, list_deals as deals, type Contact } from './servers/crm';\n\
         import { GetContactInput } from './servers/crm';\nimport type * as T from 'anything';\n\
         const input: GetContactInput = {};\nawait getContact(input)",
        &expect![[r#"
            "use strict";
            var getContact, deals, input;
            (async () => {
            	({"getContact": getContact, "listDeals": deals} = __workroom.module("crm", [["getContact", "get_contact"], ["listDeals", "list_deals"]]));
            	input = {};
            	return await getContact(input);
            })();
        "#]],
    );
}

#[test]
fn a_tools_file_exports_one_function() {
    check(
        "import getContact, { getContact as same } from './servers/crm/getContact.ts';\n\
         import * as all from './servers/crm/getContact';\nimport './servers/crm';\n\
         getContact({})",
        &expect![[r#"
            "use strict";
            var getContact, same, all;
            (async () => {
            	({"getContact": getContact, "getContact": same} = __workroom.module("crm", [["getContact", "get_contact"]]));
            	all = __workroom.module("crm", [["getContact", "get_contact"]]);
            	return getContact({});
            })();
        "#]],
    );
}

#[test]
fn servers_is_a_global_where_the_script_mentions_it() {
    check(
        "await servers.crm.getContact({})",
        &expect![[r#"
        "use strict";
        var servers, __workroom_servers;
        (async () => {
        	if (servers === __workroom_servers) servers = __workroom_servers = {
        		...__workroom_servers,
        		["crm"]: __workroom.module("crm", [
        			["getContact", "get_contact"],
        			["listDeals", "list_deals"],
        			["search", "crm/search"]
        		])
        	};
        	return await servers.crm.getContact({});
        })();
    "#]],
    );
    check(
        "servers['shop-eu']",
        &expect![[r#"
        "use strict";
        var servers, __workroom_servers;
        (async () => {
        	if (servers === __workroom_servers) servers = __workroom_servers = {
        		...__workroom_servers,
        		["shop-eu"]: __workroom.module("shop-eu", [["getOrder", "getOrder"]])
        	};
        	return servers["shop-eu"];
        })();
    "#]],
    );
    check(
        "const servers = []; servers.length",
        &expect![[r#"
        "use strict";
        var servers;
        (async () => {
        	servers = [];
        	return servers.length;
        })();
    "#]],
    );
}

#[test]
fn servers_as_a_whole_holds_all_modules() {
    check(
        "Object.keys(servers)",
        &expect![[r#"
        "use strict";
        var servers, __workroom_servers;
        (async () => {
        	if (servers === __workroom_servers) servers = __workroom_servers = {
        		...__workroom_servers,
        		["crm"]: __workroom.module("crm", [
        			["getContact", "get_contact"],
        			["listDeals", "list_deals"],
        			["search", "crm/search"]
        		]),
        		["shopEu"]: __workroom.module("shop-eu", [["getOrder", "getOrder"]]),
        		["shop-eu"]: __workroom.module("shop-eu", [["getOrder", "getOrder"]])
        	};
        	return Object.keys(servers);
        })();
    "#]],
    );
}

#[test]
fn what_other_gateways_have_becomes_a_module() {
    check(
        "const crm = require('./servers/crm/getContact'); const all = await import('./servers/shop-eu');\n\
         crm.get_contact('c1'); return all",
        &expect![[r#"
            "use strict";
            var crm, all;
            (async () => {
            	crm = __workroom.module("crm", [["getContact", "get_contact"], ["get_contact", "get_contact"]]);
            	all = await (async () => __workroom.module("shop-eu", [["getOrder", "getOrder"]]))();
            	crm.get_contact({ ["id"]: "c1" });
            	return all;
            })();
        "#]],
    );
    check(
        "await callMCPTool('crm__get_contact', { id: 1 }); callTool('shop-eu', 'getOrder')",
        &expect![[r#"
            "use strict";
            (async () => {
            	await __workroom.module("crm", [["call", "get_contact"]]).call({ id: 1 });
            	return __workroom.module("shop-eu", [["call", "getOrder"]]).call();
            })();
        "#]],
    );
    check(
        "callMCPTool(name, {})",
        &expect![[r#"
            "use strict";
            var callMCPTool;
            (async () => {
            	callMCPTool = ((tools) => (name, input, more) => {
            		const key = (text) => String(text).toLowerCase().replace(/[^a-z0-9]/g, "");
            		if (typeof name === "object" && name !== null) {
            			input = name.arguments ?? name.args ?? name.input ?? name.params;
            			name = `${name.server ?? ""}__${name.name ?? name.tool}`;
            		}
            		const two = typeof input === "string" ? tools[key(name) + key(input)] : undefined;
            		const found = two ?? tools[key(name)] ?? tools[key(name).replace(/^mcp/, "")];
            		if (!found) throw new TypeError(`there is no tool \`${name}\`; \`search\` finds one, and \`<server>__<tool>\` names it`);
            		return __workroom.module(found[0], [["call", found[1]]]).call((two ? more : input) ?? {});
            	})({
            		__proto__: null,
            		"crmcrmsearch": ["crm", "crm/search"],
            		"crmgetcontact": ["crm", "get_contact"],
            		"crmlistdeals": ["crm", "list_deals"],
            		"crmsearch": ["crm", "crm/search"],
            		"getcontact": ["crm", "get_contact"],
            		"getorder": ["shop-eu", "getOrder"],
            		"listdeals": ["crm", "list_deals"],
            		"shopeugetorder": ["shop-eu", "getOrder"]
            	});
            	return callMCPTool(name, {});
            })();
        "#]],
    );
}

#[test]
fn a_server_that_the_script_only_names_is_linked() {
    check(
        "await crm.getContact({ id: 1 }); const f = shopEu.get_order;",
        &expect![[r#"
        "use strict";
        var crm, shopEu, f;
        (async () => {
        	crm = __workroom.module("crm", [
        		["getContact", "get_contact"],
        		["listDeals", "list_deals"],
        		["search", "crm/search"]
        	]);
        	shopEu = __workroom.module("shop-eu", [["getOrder", "getOrder"], ["get_order", "getOrder"]]);
        	await crm.getContact({ id: 1 });
        	f = shopEu.get_order;
        })();
    "#]],
    );
    check(
        "const crm = 1; crm.getContact",
        &expect![[r#"
        "use strict";
        var crm;
        (async () => {
        	crm = 1;
        	return crm.getContact;
        })();
    "#]],
    );
}
