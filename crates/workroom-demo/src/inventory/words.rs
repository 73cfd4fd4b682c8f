//! The words that the world's names are made of.

pub(crate) const CATEGORIES: [(&str, [&str; 6]); 8] = [
    ("Lighting", ["Desk Lamp", "Floor Lamp", "Wall Light", "LED Strip", "Lantern", "Spotlight"]),
    ("Kitchen", ["Chef Knife", "Saucepan", "Cutting Board", "Mixing Bowl", "Kettle", "Grater"]),
    ("Bath", ["Towel Set", "Soap Dispenser", "Shower Caddy", "Bath Mat", "Mirror", "Hook Rail"]),
    ("Garden", ["Planter", "Watering Can", "Hand Trowel", "Bird Feeder", "Hose Reel", "Trellis"]),
    (
        "Office",
        ["Desk Organiser", "File Tray", "Monitor Stand", "Notebook", "Pen Cup", "Whiteboard"],
    ),
    (
        "Textiles",
        ["Cushion", "Throw Blanket", "Table Runner", "Curtain", "Bed Sheet", "Pillowcase"],
    ),
    ("Storage", ["Basket", "Shelf Box", "Shoe Rack", "Drawer Insert", "Hanger Set", "Crate"]),
    ("Outdoor", ["Camp Chair", "Cool Box", "Headlamp", "Picnic Rug", "Water Bottle", "Tarp"]),
];

pub(crate) const MATERIALS: [&str; 12] = [
    "Oak", "Bamboo", "Brass", "Linen", "Steel", "Ceramic", "Walnut", "Cork", "Glass", "Cotton",
    "Felt", "Copper",
];

pub(crate) const COLOURS: [&str; 10] =
    ["Sand", "Slate", "Moss", "Ivory", "Rust", "Navy", "Charcoal", "Blush", "Ochre", "Teal"];

pub(crate) const SUPPLIERS: [(&str, &str); 24] = [
    ("Nordlicht Handels GmbH", "DE"),
    ("Talhof Keramik", "AT"),
    ("Brightwell Trading Ltd", "GB"),
    ("Fabrica Azul Lda", "PT"),
    ("Lumiere & Fils SARL", "FR"),
    ("Ostsee Holzwerk", "DE"),
    ("Kanto Housewares", "JP"),
    ("Pearl River Goods Co", "CN"),
    ("Vasa Textil AB", "SE"),
    ("Bosco Legno Srl", "IT"),
    ("Tatra Metal sro", "SK"),
    ("Anatolia Dokuma", "TR"),
    ("Harbour Glass BV", "NL"),
    ("Zelena Zahrada", "CZ"),
    ("Silesia Plast", "PL"),
    ("Red Fort Exports", "IN"),
    ("Cork & Co Alentejo", "PT"),
    ("Fjord Outdoor AS", "NO"),
    ("Mekong Rattan", "VN"),
    ("Alpenblech AG", "CH"),
    ("Porto Linho", "PT"),
    ("Duna Vasmu Kft", "HU"),
    ("Cascade Camping Inc", "US"),
    ("Atelier Sept", "FR"),
];

pub(crate) const FIRST_NAMES: [&str; 16] = [
    "Ada", "Bruno", "Clara", "Dario", "Elif", "Femke", "Goran", "Hanna", "Imre", "Jonas", "Katja",
    "Liam", "Mirela", "Nils", "Olga", "Pavel",
];

pub(crate) const LAST_NAMES: [&str; 16] = [
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

pub(crate) const CITIES: [&str; 10] =
    ["Hamburg", "Utrecht", "Graz", "Lyon", "Malmo", "Porto", "Brno", "Leeds", "Torino", "Gdansk"];

pub(crate) const CARRIERS: [&str; 4] = ["Maersk", "DB Schenker", "Kuehne+Nagel", "DSV"];

pub(crate) const SUPPLIES: [&str; 10] = [
    "BOX-S-001",
    "BOX-M-002",
    "BOX-L-003",
    "TAPE-50",
    "FILL-PAPER",
    "LABEL-A6",
    "MAILER-12",
    "WRAP-100",
    "PALLET-EUR",
    "STRAP-16",
];
