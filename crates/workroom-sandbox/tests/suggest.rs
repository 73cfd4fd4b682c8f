//! Code that is run again and again is told of, until a skill does it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gateway;

use gateway::{Gateway, Rule, data};
use serde_json::json;
use workroom_engine::{
    skills::suggest,
    store::{NewSkill, SkillStatus, Skills as _},
};
use workroom_types::Limits;

const TOOLS: &[(&str, Rule)] = &[
    ("get_contact", |given| data(&json!({ "id": given.get("id"), "name": "Ann" }))),
    ("list_deals", |_| data(&json!([{ "total": 3 }, { "total": 5 }]))),
];

/// The same with another value and other names.
fn code(n: usize) -> String {
    format!(
        "import * as crm{n} from './servers/crm';
const contact{n} = await crm{n}.getContact({{ id: 'C-{n}' }});
const deals = await crm{n}.listDeals({{ stage: 'open' }});
return [contact{n}.name, deals.filter((deal) => deal.total > {n}).length];"
    )
}

/// Whether the header line of a run says that its code should be kept.
async fn is_told(gateway: &Gateway, code: &str) -> bool {
    let report = gateway.run(code).await;
    assert!(report.outcome.is_ok(), "{:?}", report.outcome);
    let shown = gateway.engine.present(&report, None, false).text;
    let header = shown.lines().next().unwrap().to_owned();
    assert_eq!(header.contains("keep it with save_skill"), report.repeated.is_some());
    if let Some(runs) = report.repeated {
        let words = format!(
            " · such code was run {runs} times: keep it with save_skill {{ run: \"{}\" }}",
            report.run
        );
        assert!(header.ends_with(&words), "{header}");
    }
    report.repeated.is_some()
}

async fn keep(gateway: &Gateway, code: &str) {
    let skill = NewSkill {
        name: "deals".to_owned(),
        hash: "h".to_owned(),
        files: vec![("index.ts".to_owned(), code.to_owned())],
        created: 1,
        author: "test".to_owned(),
        session: "s1".to_owned(),
        status: SkillStatus::Draft,
        needs: String::new(),
    };
    gateway.store.keep_skill(skill).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_after_three_of_its_shape_says_so() {
    let gateway = Gateway::new(TOOLS, Limits::default());
    for n in 3..6 {
        assert!(!is_told(&gateway, &code(n)).await, "{n}");
        // One of another shape between them counts by itself.
        assert!(!is_told(&gateway, &format!("const a = {n};\nreturn a")).await);
    }
    let found = suggest::find(&*gateway.store).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].runs.len(), 3);
    assert_eq!(found[0].servers, ["crm"]);
    assert_eq!(found[0].code, code(5), "the newest");
    assert!(is_told(&gateway, &code(6)).await);
    for n in 7..13 {
        assert!(!is_told(&gateway, &code(n)).await, "it is not said again at once");
    }
    assert!(is_told(&gateway, &code(13)).await, "but after ten runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_earlier_processes_count() {
    let gateway = Gateway::new(TOOLS, Limits::default());
    for n in 3..6 {
        gateway.run(&code(n)).await;
    }
    // The stored runs are counted beside the first ones of a process.
    let later = gateway.again();
    for n in 6..200 {
        if is_told(&later, &code(n)).await {
            return;
        }
    }
    panic!("the runs of the earlier process were never counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_skill_does_is_not_told() {
    let gateway = Gateway::new(TOOLS, Limits::default());
    keep(&gateway, &code(9)).await;
    for n in 3..8 {
        assert!(!is_told(&gateway, &code(n)).await, "{n}");
    }
    assert_eq!(suggest::find(&*gateway.store).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_and_runs_that_failed_are_no_skill() {
    let gateway = Gateway::new(TOOLS, Limits::default());
    let line = "import * as crm from './servers/crm';\nreturn (await crm.listDeals({})).length";
    let fails = format!("{}\nthrow new Error('no');", code(3).replace("return", "const x ="));
    for _ in 0..5 {
        assert!(!is_told(&gateway, line).await);
        assert!(gateway.run(&fails).await.outcome.is_err());
    }
    assert_eq!(suggest::find(&*gateway.store).await.unwrap(), []);
}
