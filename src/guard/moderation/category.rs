//! What is told apart.

/// A category of moderation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Category {
    /// Contempt for a group of people.
    Hate,
    /// The same with harm wished or threatened.
    HateThreatening,
    /// Insults and contempt for somebody, or those who stand for something.
    Harassment,
    /// Hurting oneself, or wanting to die.
    SelfHarm,
    /// What is to arouse, or advertises it.
    Sexual,
    /// The same with somebody under 18.
    SexualMinors,
    /// Violence that is threatened, wished or praised.
    Violence,
    /// Death and injury in detail.
    ViolenceGraphic,
    /// Violence threatened or wished to whom one speaks to.
    HarassmentThreatening,
}

impl Category {
    /// How many of them, the first, have weights in the table. No set that these are fitted on tells the others apart: there are
    /// rules for them.
    pub(super) const WEIGHED: usize = 8;

    /// Every category, in the order of the table's weights.
    pub const ALL: &'static [Category] = &[
        Category::Hate,
        Category::HateThreatening,
        Category::Harassment,
        Category::SelfHarm,
        Category::Sexual,
        Category::SexualMinors,
        Category::Violence,
        Category::ViolenceGraphic,
        Category::HarassmentThreatening,
    ];

    /// The name in configurations and results: as OpenAI's endpoint calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Hate => "hate",
            Category::HateThreatening => "hate/threatening",
            Category::Harassment => "harassment",
            Category::SelfHarm => "self-harm",
            Category::Sexual => "sexual",
            Category::SexualMinors => "sexual/minors",
            Category::Violence => "violence",
            Category::ViolenceGraphic => "violence/graphic",
            Category::HarassmentThreatening => "harassment/threatening",
        }
    }

    /// What stands in placeholders.
    pub const fn label(self) -> &'static str {
        match self {
            Category::Hate | Category::HateThreatening => "HATE",
            Category::Harassment | Category::HarassmentThreatening => "HARASSMENT",
            Category::SelfHarm => "SELF_HARM",
            Category::Sexual | Category::SexualMinors => "SEXUAL",
            Category::Violence | Category::ViolenceGraphic => "VIOLENCE",
        }
    }

    /// The category of which it is a part.
    pub const fn parent(self) -> Option<Category> {
        match self {
            Category::HateThreatening => Some(Category::Hate),
            Category::SexualMinors => Some(Category::Sexual),
            Category::ViolenceGraphic => Some(Category::Violence),
            Category::HarassmentThreatening => Some(Category::Harassment),
            _ => None,
        }
    }

    pub(super) const fn place(self) -> usize {
        self as usize
    }
}
