//! The exchanges that matter, the issues that they belong to, and what is due: as templates of
//! [`crate::grammar`].

/// Exchanges that an issue's key term is in: the issue's number, the question, the answer, and
/// the words of an answer that says nothing.
pub(crate) const PLANTED: &[(usize, &str, &str)] = &[
    (
        0,
        "[When you say it was leaking,|Before {date},] had anyone [tested|bench-tested] the \
         relief valve on [vessel {small}|the high-pressure receiver]?",
        "No. The relief valve [had not been tested since {year}|was never pulled]. [I knew that \
         at the time|We all knew it was overdue].",
    ),
    (
        0,
        "Did you tell {person} [in words or in substance|at any point] that the relief valve \
         [was past its date|should be replaced]?",
        "[I told him in person|I said so on the phone], [around {date}|on {date}]. He said [the \
         budget was gone|it would have to wait for the new year].",
    ),
    (
        0,
        "And what is the [manufacturer's|recommended] replacement date [stamped|shown] on \
         [it|the tag]?",
        "The tag on that relief valve said {year}, so it was [{small} years|some years] past \
         [due|its date] when it [let go|failed].",
    ),
    (
        0,
        "How much would [a new one|the part] have cost?",
        "A relief valve of that size is [maybe|about] {amount} dollars [installed|with labor]. \
         [We had two on the shelf|It is a half day's work].",
    ),
    (
        1,
        "What was the service interval [the proposal|Exhibit {exhibit}] [called for|promised]?",
        "[Every quarter|Four visits a year]. The service interval was [three months|ninety \
         days], and [we were not keeping it|by {year} we had slipped to {small} months].",
    ),
    (
        1,
        "Who [decided|made the decision] to [stretch|lengthen] the service interval?",
        "[{person} did|That came from {person}], in [an e-mail|a meeting] [on {date}|in \
         {year}]. [I was copied|I objected and was told to drop it].",
    ),
    (
        1,
        "[Isn't it true|Is it correct] that the quarterly checklist for {date} was [filled \
         in|completed] [at the shop|without a visit]?",
        "[Yes|That's correct]. [Nobody went out|There was no visit]. The quarterly checklist \
         was [copied|done from the desk] [from the one before|so the invoice could go].",
    ),
    (
        1,
        "Did [you|your office] keep the quarterly checklist for [each|every] visit?",
        "For [most|about half] of them. The quarterly checklist from {date} is [missing|one we \
         could not find], and so [is the next one|are two others].",
    ),
    (
        2,
        "How did the [crew|night shift] [learn|find out] that something was wrong?",
        "[Not from the ammonia detector|The ammonia detector never sounded]. It had been \
         [bypassed|jumpered out] since {date} because of [false trips|nuisance trips].",
    ),
    (
        2,
        "Who [put|placed] the jumper on the [panel|circuit]?",
        "{person} did, with [my knowledge|my say-so]. We meant to [take it out|remove it] and \
         [recalibrate the ammonia detector|fix the ammonia detector] [that week|within days].",
    ),
    (
        2,
        "[Was Meridian|Were they] [told|informed] of the alarm bypass?",
        "[No|Not by me]. The alarm bypass [was not written down|is in no ticket]. [Looking \
         back, it should have been|I regret that].",
    ),
    (
        2,
        "How long [was|had] the alarm bypass [been] in place [by then|on the day]?",
        "[From {date} on|{small} weeks]. The alarm bypass [was supposed to last a day|was for \
         one night at first].",
    ),
    (
        3,
        "[When did|On what day did] you [first see|receive] the litigation hold?",
        "[On {date}|It was {date}]. The litigation hold came from [corporate|the legal \
         department] by [e-mail|memo], [and I read it that day|and I initialed it].",
    ),
    (
        3,
        "What happened to [your|the branch's] [tablets|old tickets] after [that|the litigation \
         hold]?",
        "[They were wiped|{person} had them wiped] [on {date}|for the new hires], [after the \
         litigation hold|although the litigation hold was out]. [Nobody asked me|I should have \
         stopped it].",
    ),
    (
        3,
        "Do any [text messages|messages] with {person} [still exist|survive]?",
        "No. I [traded in|replaced] the phone [in {year}|after {date}], and the text messages \
         with {person} [about the plant|from that month] [were lost|went with it].",
    ),
    (
        4,
        "Did [anyone|{person}] give you a [figure|number] for the spoiled inventory?",
        "{person} [said|told me] the spoiled inventory came to [about|roughly] {money} dollars, \
         and [that was before disposal|half of it was berries].",
    ),
    (
        4,
        "[What|How much] of the spoiled inventory [could have been|was] [saved|moved] [that \
         night|within the day]?",
        "[In my view|I think] [a third|half] of the spoiled inventory [could have been|might \
         have been] trucked to {city} [if we had been called by {time}|had somebody answered at \
         {time}].",
    ),
    (
        4,
        "Who [turned away|declined] the rental [trucks|trailers]?",
        "[We did|{person} did]. Without the reefer trailers [the rest was lost|nothing could be \
         moved]. [I was on the call|I heard it on the speaker].",
    ),
];

/// Answers that say nothing: an exchange with one of them is no key passage.
pub(crate) const EVASIONS: &[&str] = &[
    "I don't recall[.|, sitting here today.|. It was a long time ago.]",
    "I don't know[.|. You would have to ask {person}.|, one way or the other.]",
    "I don't remember [that|it][.| at all.|, no.]",
];

/// The matter's issues: title, key terms, and whether it is still open.
pub(crate) const ISSUES: [(&str, [&str; 2], bool); 6] = [
    ("Notice of the defective valve", ["relief valve", "pressure relief"], true),
    ("Breach of the maintenance contract", ["service interval", "quarterly checklist"], true),
    ("Disabled leak detection", ["ammonia detector", "alarm bypass"], true),
    ("Spoliation of evidence", ["litigation hold", "text messages"], true),
    ("Damages", ["spoiled inventory", "reefer trailers"], true),
    ("Personal jurisdiction", ["invoice", "mileage"], false),
];

/// What counsel asks to be sent.
pub(crate) const REQUESTED: [&str; 8] = [
    "the branch's dispatch logs for the quarter",
    "the training binder",
    "the calibration stickers of the gauges",
    "a signed errata sheet",
    "the purchase orders to the supply house",
    "the photographs on the telephone",
    "the native files of Exhibit 14",
    "the time sheets of the night crew",
];

pub(crate) const DOCKETED: [&str; 9] = [
    "Close of fact discovery",
    "Plaintiff's expert disclosures",
    "Rebuttal expert reports",
    "Motion to compel: reply brief",
    "Joint status report",
    "Mediation statement",
    "Dispositive motions",
    "Amended pleadings",
    "Privilege log",
];
