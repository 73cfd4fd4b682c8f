//! What is said in the deposition: questions and answers, as templates of [`crate::grammar`].
//!
//! [`TALK`] is the hours that nobody needs. No template of it may use a key term of an issue:
//! a test looks. [`super::planted`] has the exchanges that do.

/// A section's name, and its questions with their answers.
pub(crate) type Topic = (&'static str, &'static [(&'static str, &'static str)]);

pub(crate) const TALK: &[Topic] = &[
    (
        "BACKGROUND",
        &[
            (
                "[Where|In which city] do you [currently live|live today], [sir|if I may ask]?",
                "In {city}. [I have been there|My wife and I have lived there] since about \
                 {year}.",
            ),
            (
                "And [how are you employed|who is your employer] [today|at present]?",
                "I am [still|presently] with Talbot Refrigeration Services. [I started there in \
                 {year}|I came over from {company} in {year}].",
            ),
            (
                "What [was|did you do in] your [first job|position before that]?",
                "I was [a journeyman mechanic|a field technician|a dispatcher] at {company}, \
                 [mostly|for the most part] [on supermarket racks|on chillers|on small packaged \
                 units].",
            ),
            (
                "Do you hold any [licenses|certifications]?",
                "[Yes|I do]. A [state contractor's card|universal refrigerant card|boiler \
                 operator's certificate], [renewed in {year}|I think from {year}|which I keep \
                 current].",
            ),
            (
                "Have you [ever been deposed|given testimony] before today?",
                "[Once|Twice], [in {year}|years ago], in a [billing dispute|workers' \
                 compensation matter|lien case]. [Nothing to do with this|It settled].",
            ),
            (
                "Is there any [reason|medication or condition] that would keep you from giving \
                 [your best|full and accurate] testimony today?",
                "[No|No, there is not|None that I can think of], [I am fine|I slept well enough].",
            ),
            (
                "[What schooling|How much formal education] have you had?",
                "[High school|Two years at the community college] in {city}, and then [the \
                 union apprenticeship|a trade program], [five years|four years] of it.",
            ),
            (
                "You understand [that the court reporter takes down|we need] audible answers \
                 [rather than nods|so the record is clear]?",
                "[Yes, I understand|Understood|I do].",
            ),
            (
                "Did you [speak|meet] with anyone [other than counsel|besides your lawyer] to \
                 prepare for today?",
                "[No one|Just my wife, and only to say where I would be|No. I drove in alone].",
            ),
        ],
    ),
    (
        "DUTIES",
        &[
            (
                "Who [reported to you|was on your crew] [in {year}|during that period]?",
                "[Four|Five|Six] people [at the most|on paper]. {person} and {person} [were the \
                 senior ones|had the most years], and then [some helpers|a couple of \
                 apprentices].",
            ),
            (
                "And to whom did you report?",
                "[To {person}|{person}], [who ran the branch|the branch manager], until \
                 [she|he] [retired|moved to {city}] in {year}.",
            ),
            (
                "How was work [assigned|handed out] [among the technicians|on a normal day]?",
                "[Dispatch put|The girls in dispatch put] the [tickets|calls] on the \
                 [tablet|board] by [six|six thirty|seven] in the morning, and [whoever was \
                 closest took it|I moved them around if I had to].",
            ),
            (
                "[About how many|How many] accounts did the branch [carry|serve] in {year}?",
                "[I would say|Somewhere around] {number}. [It went up and down|More in the \
                 summer], [as they do|depending on the season].",
            ),
            (
                "Did you [personally travel|go] to [customer sites|the accounts] yourself?",
                "[Maybe|I would guess] [one day|two days] a week. The rest was \
                 [paperwork|quotes and paperwork|ordering parts].",
            ),
            (
                "What [software|system] did the branch use to [track|log] its [hours|tickets]?",
                "[At first|Until {year}] it was [spreadsheets|paper]. Then [corporate|the head \
                 office] [brought in|rolled out] a [program|package], and we [typed everything \
                 twice|had some growing pains].",
            ),
            (
                "How were [your technicians|the men] paid, [hourly or by the job|if you know]?",
                "Hourly, with [time and a half|overtime] after [eight|forty] hours. [There was \
                 a small bonus|No bonuses] [at year end|in my time].",
            ),
            (
                "Were there [weekly|regular] meetings of [the crew|the branch]?",
                "[Mondays|Fridays], [half an hour|twenty minutes], [with coffee|standing up]. \
                 We went over [the week's tickets|trucks and tools|vacation].",
            ),
        ],
    ),
    (
        "THE CONTRACT",
        &[
            (
                "[I'm handing you|Let me show you] what's been marked Exhibit {exhibit}. Do you \
                 recognize [it|the document]?",
                "[It looks like|That is] the [proposal|service proposal|quote] we sent to \
                 Meridian [in {year}|at the start].",
            ),
            (
                "Did you [take part|have any role] in [negotiating|preparing] [the price|those \
                 terms]?",
                "[Only the labor hours|Just the hours]. [{person} in sales|Sales] did the \
                 [rest|pricing].",
            ),
            (
                "What was the [monthly|annual] [fee|charge] under [that agreement|the \
                 proposal], [if you remember|roughly]?",
                "[On the order of|About] {amount} dollars. [I would have to see the invoice|It \
                 is on the second page, I believe].",
            ),
            (
                "Whose signature is [that|on page {small}]?",
                "[That is {person}'s|It looks like {person}'s]. [I know the handwriting|Mine is \
                 below it].",
            ),
            (
                "Did the [scope|price] change [at renewal|over the years]?",
                "[It was adjusted|They added the blast freezer] in {year}, [and the fee went up \
                 a little|for a modest increase].",
            ),
            (
                "How [were|did] invoices [sent|go out] to Meridian?",
                "By [mail|e-mail], [at the end of the month|on the first], [to {person} in \
                 their accounting|to their accounts payable].",
            ),
            (
                "Was there [ever|at any time] a [dispute|disagreement] about [an \
                 invoice|payment]?",
                "[One time|Once], over [mileage|a pump seal|a holiday call], for [maybe|some] \
                 {amount} dollars. [We split it|They paid it in the end].",
            ),
        ],
    ),
    (
        "THE PLANT",
        &[
            (
                "[Describe|Could you describe] the [layout|general arrangement] of the \
                 [plant|building] for me.",
                "[You come in|There is a gate] on the [north|west] side, [past the scale \
                 house|by the guard shack]. [The engine room|The machinery] is [at the back|on \
                 the left], and the docks run along [the far wall|the east side].",
            ),
            (
                "How many [compressors|evaporators] did they have [when you first came|in \
                 {year}]?",
                "[Three|Four], [one of them a standby|and one was always down for something]. \
                 [The oldest|One] was from {year}.",
            ),
            (
                "What was kept in [room {small}|the east cooler]?",
                "[Berries, mostly|Seafood|Poultry, and some ice cream]. [I never went in \
                 much|It was their business, not ours].",
            ),
            (
                "Who [had|carried] keys to the [engine room|machinery]?",
                "[Their chief|Meridian's chief engineer], {person}, [the shift leads|two shift \
                 leads], and [we had one at the shop|one on our ring].",
            ),
            (
                "[Was|Is] there [a sign-in sheet|a visitors' log] [at the gate|for contractors]?",
                "[There was a clipboard|Yes, a clipboard], [though nobody minded it much|and \
                 the guard checked it on most days].",
            ),
            (
                "[How far|What distance] is the plant from [your branch|the shop]?",
                "[About|Roughly] {small} miles. [Half an hour|Forty minutes] [with traffic|on a \
                 good day].",
            ),
            (
                "Did Meridian's own people do any work on the [equipment|system]?",
                "[Little things|The small things]. [Fan belts, filters|Greasing, filters], \
                 [changing a gasket|draining water]. [The rest was ours|Anything with gas was \
                 ours].",
            ),
            (
                "What [color|marking] were the [high side|suction] lines?",
                "[Orange|Blue|Yellow], [with stencils|with the arrows every ten feet or so]. \
                 [They had faded|Repainted in {year}].",
            ),
        ],
    ),
    (
        "VISITS",
        &[
            (
                "[Turn|Please turn] to the ticket dated {date}. Who [went out|took the call]?",
                "That is {person}'s [number|badge] in the corner, so [it was him|she did]. \
                 [With a helper|Alone, I believe].",
            ),
            (
                "And [what was done|what does it say was done] on [that visit|{date}]?",
                "[A fan motor was replaced|A belt and two bearings|Door heater on the dock|They \
                 topped off the glycol]. [{small} hours|Half a day], [billed the same week|with \
                 travel].",
            ),
            (
                "How long [would|does] a [visit like that|call of that kind] \
                 [usually|typically] take?",
                "[Two or three hours|A morning], [unless a part is missing|if the part is on \
                 the truck].",
            ),
            (
                "Was [the customer|anyone from Meridian] [there|present] [that day|at the time]?",
                "[I was told {person} was|{person}, for part of it]. [They signed for it|You \
                 can see initials at the bottom].",
            ),
            (
                "[Is that|Would that be] your [handwriting|entry] in the [margin|remarks]?",
                "[No, that's {person}|Yes, that's mine]. [I write small|I always use a pencil].",
            ),
            (
                "Did you [order|obtain] any parts [after that|as a result]?",
                "[A bearing kit|A coil|A contactor and two fuses], from {company}. [It came \
                 within the week|They were on back order until the next month].",
            ),
            (
                "[Were photographs taken|Did anyone take pictures] [on {date}|at that visit]?",
                "[Not that I saw|{person} may have, on the phone]. [We had no rule on it \
                 then|It was not routine].",
            ),
            (
                "[Looking at|Going to] the [next|following] ticket, number {ticket}, [what|can \
                 you tell me what] was the complaint?",
                "[Water on the floor of room {small}|Room {small} was two degrees warm|A noisy \
                 fan at dock {small}]. [It turned out to be nothing|A drain had frozen].",
            ),
            (
                "[The invoice|What] for ticket {ticket} [shows|is] {small} hours. [Was that|Is \
                 that] [one man or two|all labor]?",
                "[Two men, half of that each|One man]. [The travel|Drive time] is [in \
                 there|billed apart], [at the lower rate|under another code].",
            ),
            (
                "What [readings|pressures] did {person} [write down|record] for compressor \
                 {small}?",
                "[Suction|Discharge] at {number} [and oil at {small}|and the rest normal]. \
                 [Nothing out of line|A little high for the season].",
            ),
            (
                "[It says|The remarks say] `[customer to call back|waiting on part|see \
                 office]`. [What does that mean|What was that about]?",
                "[They were going to think about it|It means we quoted it]. [The quote was \
                 {amount} dollars|{person} handled the quote].",
            ),
            (
                "[On {date} the ticket|Ticket {ticket}] [lists|has] [a door curtain|an \
                 evaporator fan|a solenoid|a float switch] [for|in] room {small}. Do you \
                 [remember|recall] [it|that job]?",
                "[I do, because it rained|Only from the paper]. [We did it in the evening so \
                 they could load|{person} and I did it together|It took a second trip].",
            ),
            (
                "How [did|would] you know [which rooms to enter|where to go] [when you \
                 arrived|that morning]?",
                "[Their chief walked us over|There is a map by the panel|You look at the board \
                 in the office], [and you sign|and somebody lets you in].",
            ),
            (
                "[Did the parts come|Where did the parts come] from [your truck|stock] or \
                 [elsewhere|a supplier]?",
                "[From the truck|From {company}, the same day]. [We carry the common ones|The \
                 counter in {city} had it].",
            ),
            (
                "[Who|Which of your people] [closed out|signed] the ticket of {date}?",
                "[{person}, it seems|I did, from the office]. [The tablet stamps the time|You \
                 can tell by the initials].",
            ),
            (
                "[Was that|Is ticket {ticket}] a [callback|warranty call] or a [new|separate] \
                 [call|charge]?",
                "[A callback, so no charge|A separate one]. [Same room, other fan|We argued \
                 about it in the office].",
            ),
            (
                "What [refrigerant log|log entry] goes with [that|ticket {ticket}]?",
                "[None, we opened nothing|{small} pounds added], [and the cylinder number is \
                 beside it|logged by {person}].",
            ),
            (
                "[Let me go|Moving] to the [week|month] of {date}. [How many calls|What] do you \
                 see [there|for Meridian]?",
                "[Two, on the same day|Just the one]. [A defrost timer|A dock heater] and [a \
                 noisy bearing|a sticking door], [both small|nothing that kept them down].",
            ),
            (
                "[Did you|Were you asked to] [look at|inspect] the [roof \
                 units|condensers|cooling tower] [then|that spring]?",
                "[We washed them down|We looked from the ladder]. [Some fins were bent|The \
                 water treatment was another outfit's], [I noted it|it is in the remarks].",
            ),
            (
                "How [cold|warm] was room {small} [when you left|by the end]?",
                "[Back at minus {small}|Two degrees off and coming down]. [I stayed until it \
                 turned|Their man texted me later that it held].",
            ),
        ],
    ),
    (
        "TRAINING",
        &[
            (
                "What [training|instruction] did [a new technician|new hires] get [in {year}|at \
                 the branch]?",
                "[Two weeks riding along|A month in the truck with a senior man], [and the \
                 videos|then the safety course in {city}].",
            ),
            (
                "Were [records|certificates] of [that|the] training kept?",
                "[In a binder|In the personnel folders], [by {person} in the office|at the \
                 front desk]. [I have not seen it lately|They should still be there].",
            ),
            (
                "Who [taught|gave] the [safety course|classroom part]?",
                "[An outside outfit|{company}], [every other year|in the spring]. [A day and a \
                 half|One long day], with a [test|quiz] at the end.",
            ),
            (
                "Did {person} [attend|complete] the course [in {year}|you mentioned]?",
                "[I believe so|He did]. [We both went|I remember the drive to {city}].",
            ),
            (
                "[How often|With what frequency] were [tools|gauges] [calibrated|checked]?",
                "[Once a year|Every spring], [by {company}|we sent them out]. There is a sticker.",
            ),
        ],
    ),
    (
        "THE DAY",
        &[
            (
                "Where were you [on the morning of|that morning,] {date}?",
                "[At the shop|In {city}], [doing payroll|at another account], [until about \
                 {time}|from {time} on].",
            ),
            (
                "[When|At what time] did you [leave for|arrive at] the plant?",
                "[I would say {time}|Close to {time}]. [There was traffic|It was raining].",
            ),
            (
                "Who was [standing outside|there] when you [arrived|pulled up]?",
                "[{person} and some of the dock crew|A fire captain and {person}], [and two \
                 trucks|by the gate]. [It was orderly|Everyone was on the phone].",
            ),
            (
                "What did [{person}|the captain] [say|tell you]?",
                "[To wait|To stay back|That everybody was out], and that [they had the \
                 building|the road was closed]. [That was all|He was calm about it].",
            ),
            (
                "How long did you [wait|remain] [there|at the gate]?",
                "[Until about {time}|An hour, maybe more]. [Somebody brought water|I called the \
                 office twice].",
            ),
            (
                "[Did you take|Were] any notes [that day|of what you saw]?",
                "[No|None]. [I had my phone in my hand the whole time|There was no chance to].",
            ),
            (
                "What was the weather [like|doing]?",
                "[Cold|Wet|Windy], [out of the north|around {small} degrees]. [I had only a \
                 light jacket|You could see your breath].",
            ),
        ],
    ),
    (
        "AFTERWARD",
        &[
            (
                "[After that day,|In the following weeks,] [were you|was anyone from Talbot] \
                 back at the plant?",
                "[On and off|Two or three times], [for the pump-down|with the insurance \
                 people]. [Never alone|We signed in each time].",
            ),
            (
                "Who [hired|brought in] the [outside engineers|consultants]?",
                "[I understood it was the insurer|Meridian's carrier]. [A man named \
                 {person}|They were from {company}].",
            ),
            (
                "Did you [sit for|give] an interview with [anyone|an investigator]?",
                "[With {person}|With a gentleman from {company}], [for an hour|for a short \
                 while], [in the trailer|at a diner in {city}].",
            ),
            (
                "[Has|Did] Talbot [change|changed] its [forms|ticket forms] [since|after that]?",
                "[The layout is different|They added a box or two]. [In {year}, I think|I would \
                 have to compare them].",
            ),
            (
                "Do you [still|currently] [work with|see] {person}?",
                "[He retired|She left in {year}|Now and then, at the supply house]. [We \
                 exchange cards at Christmas|We are on good terms].",
            ),
        ],
    ),
];

/// Interjections between a question and its answer.
pub(crate) const OBJECTIONS: &[&str] = &[
    "Objection. [Vague|Form|Foundation|Compound|Asked and answered]. [You can answer|Go \
     ahead|You may answer if you understand the question].",
    "Objection, [calls for speculation|misstates the testimony|assumes facts]. [Subject to \
     that, you can answer|Go ahead, {surname}].",
    "[Same objection|Form].",
];

/// Talk between counsel that belongs to no question.
pub(crate) const COLLOQUY: &[&str] = &[
    "[Let's|Why don't we] go off the record [for a moment|for a minute]. [I need to find a \
     document|The air conditioning is rather loud].",
    "Counsel, [I only have|do you have] [one copy|another copy] of Exhibit {exhibit}. [We can \
     share|I will send it tonight].",
    "For the record, [the witness is looking at|I have handed the witness] Exhibit {exhibit}, \
     [Bates-stamped|which begins at] TAL {ticket}.",
    "[Can we|Could we] take [five|ten] minutes [at a good point|when you reach one]?",
];
