//! What customers write, as templates of [`crate::grammar`]: plainly, or so that no single word
//! says what it is about.

use super::facts::Kind;

pub(crate) const GREETINGS: &str = "[Hi|Hello|Dear team|Good morning],<br><br>";

pub(crate) const ENDINGS: &str =
    "<br><br>[Best|Thanks|Kind regards],<br>{name}[|<br><i>Sent from my phone</i>]";

/// Said plainly.
pub(crate) const fn plain(kind: Kind) -> &'static str {
    match kind {
        Kind::Damaged => {
            "the {product}{order} [arrived broken|came with a crack down one side|was damaged \
             in the parcel]. [I have pictures if you need them.|It cannot be used like that.] \
             [Please refund me.|What can you do?]"
        }
        Kind::WrongItem => {
            "[I was sent the wrong {product}|you sent me a wrong {product}]{order}. [I had \
             chosen another colour.|It is somebody else's, I suppose.] I would like my money back."
        }
        Kind::Late => {
            "the {product}{order} [came far too late|was delivered late again]. [The party was \
             over by then.|I had paid for express.] [I expect something back for that.|Is there \
             a compensation?]"
        }
        Kind::ChangedMind => {
            "[I have changed my mind about|I no longer need] the {product}{order}. [It is \
             unopened.|The box is still closed.] [How do I return it?|I would like to return it.]"
        }
        Kind::WhereIsIt => {
            "[where is my {product}|can you send me the tracking of my {product}]{order}? \
             [Nothing has come yet.|I have been at home all week.]"
        }
        Kind::Invoice => {
            "I need an invoice [with our VAT number|for my employer] for the {product}{order}. \
             [The one in the parcel was blank.|Our accounting insists.]"
        }
        Kind::Address => {
            "I have moved [house|to another town] [last week|this month]; please [use my new \
             address|note my new address] for the {product}{order}."
        }
    }
}

/// Said so that it has to be read.
pub(crate) const fn roundabout(kind: Kind) -> &'static str {
    match kind {
        Kind::Damaged => {
            "I lifted the {product}{order} out of the box [in two halves|and a piece of it \
             stayed inside]. [Not what one hopes for.|My son cried.]"
        }
        Kind::WrongItem => {
            "I unpacked a {other}, and I am sure that I paid for a {product}{order}. [Funny, \
             but no use to me.|Somebody mixed up the labels?]"
        }
        Kind::Late => {
            "you had promised the {product}{order} for the birthday, and the birthday was \
             [nine|six] days before the courier rang. [Disappointing.|Never mind the cake.]"
        }
        Kind::ChangedMind => {
            "my sister gave me the very same {product}, so the one{order} can go home to you, \
             [sealed as it is|wrapped as it came]."
        }
        Kind::WhereIsIt => {
            "I keep looking out of the window for the {product}{order}. [Should I worry?|The \
             neighbours have nothing either.]"
        }
        Kind::Invoice => {
            "my tax adviser asks for a proper paper on the {product}{order}, [with the company \
             on it|with our number on it]."
        }
        Kind::Address => {
            "from Monday the {product}{order} would find only strangers at my door; we live \
             [across the river|two streets on] now."
        }
    }
}

pub(crate) const PRODUCTS: [&str; 12] = [
    "desk lamp",
    "kettle",
    "chef knife",
    "bath mat",
    "planter",
    "pen cup",
    "throw blanket",
    "shoe rack",
    "camp chair",
    "mixing bowl",
    "wall light",
    "picnic rug",
];

pub(crate) const GIVEN: [&str; 16] = [
    "Ada", "Bruno", "Clara", "Dario", "Elif", "Femke", "Goran", "Hanna", "Imre", "Jonas", "Katja",
    "Liam", "Mirela", "Nils", "Olga", "Pavel",
];

pub(crate) const FAMILY: [&str; 16] = [
    "Albers",
    "Brandt",
    "Costa",
    "Dumont",
    "Eriksen",
    "Farkas",
    "Gruber",
    "Horvat",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petit",
];
