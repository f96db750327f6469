//! What stands where: the words in which the wire formats are written down.
//!
//! A format is a list of keys and of what each means. Which convention holds (cached tokens inside the input or beside it) is
//! a property of the *field* that reports them and not of the provider, so one walk over one set of lists reads every
//! format, a mixture of two as a proxy makes it included.

/// The fields of one JSON object, in pieces: each format adds its own.
pub(super) type Table = &'static [&'static [Field]];

/// A key and what it means.
pub(super) struct Field(pub &'static str, pub Means);

/// What a field means.
pub(super) enum Means {
    /// A whole number.
    Count(Slot),
    /// Seconds; counted in milliseconds.
    Seconds(Slot),
    /// An object.
    Object(Table),
    /// A number, or an object.
    Either(Slot, Table),
    /// An array of objects, each read by the same table.
    Each(Table),
    /// An array of `{ modality, tokenCount }`; its counts go to this slot (audio) and the two behind it (images, video).
    Modalities(Slot),
    /// How many different texts that are not empty an array has.
    Texts(Slot),
    /// One, whatever it is.
    Once(Slot),
    /// A text.
    Text(Name),
    /// What was billed, in US dollars divided by ten so many times.
    Cost(u32),
    /// What the provider behind the provider billed.
    UpstreamCost,
    /// Whether that was billed to the caller's own key.
    OwnKey,
    /// Anthropic's sampling iterations.
    Iterations,
    /// Bedrock's cache writes by how long they last.
    WritesByTtl,
    /// Items of an answer, among them calls of the provider's tools.
    Items,
    /// The tools that an answer was made with.
    Tools,
    /// Images or vectors.
    Data,
    /// The provider's own usage inside the AI SDK's.
    Raw,
}

/// A text that a body tells.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// The model that answered.
    Model,
    /// The service tier that served.
    Tier,
    /// Anthropic's speed, which is a service tier of its own.
    Speed,
    /// Google's name of a service tier.
    Traffic,
    /// The region that served.
    Region,
    /// The kind of an event.
    Event,
}

/// A number that a body tells, as it tells it: these overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Slot {
    /// Input tokens; cache inside, unless fields of the kind that stand beside it were read.
    Input,
    /// Input tokens, cache inside.
    Prompt,
    /// Input tokens without cache, where a total of them stands elsewhere.
    Fresh,
    Output,
    Total,
    /// Cache reads and writes inside the input, and beside it.
    Read,
    Write,
    ReadBeside,
    WriteBeside,
    /// The AI SDK's, in or beside as its provider has it.
    ReadEither,
    /// Shares of the writes.
    Write5m,
    Write1h,
    /// Modalities: inside the input, of its cached part, of what tools gave, of the output. In threes.
    AudioIn,
    ImageIn,
    VideoIn,
    AudioCached,
    ImageCached,
    VideoCached,
    AudioTool,
    ImageTool,
    VideoTool,
    AudioOut,
    ImageOut,
    VideoOut,
    /// Text of the output, where it is told: then the rest is no text.
    TextOut,
    /// Input beside the input: what tools gave, audio of a transcription, images of an embedding.
    Tool,
    AudioBeside,
    ImageBeside,
    /// Reasoning inside the output unless the total says otherwise; as a field of its own; beside the output.
    Reasoning,
    ReasoningApart,
    Thoughts,
    Citation,
    /// Cohere's: what was billed, and what went through the model.
    BilledInput,
    BilledOutput,
    TokensInput,
    TokensOutput,
    /// A compaction's, which no total includes.
    CompactInput,
    CompactOutput,
    CompactRead,
    CompactWrite,
    CompactWrite5m,
    CompactWrite1h,
    /// Beside tokens.
    Audio,
    InputImages,
    Pages,
    AnnotatedPages,
    Queries,
    WebSearches,
    GoogleSearches,
    MapsSearches,
    FileSearches,
    Interpreters,
    /// A transcription's, where no usage is told.
    Duration,
    /// Marks: a chat's choices, a transcription's text, a list of images.
    Choices,
    Transcript,
    Pictures,
    /// The preview version of OpenAI's web search among the tools.
    Preview,
}

/// How many there are.
pub(super) const SLOTS: usize = Slot::Preview as usize + 1;

impl Slot {
    /// The slot of a modality by its upper-case or lower-case name; `None` for text.
    pub(super) fn modality(self, name: &str) -> Option<usize> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let behind = match () {
            () if is("audio") => 0,
            // A document's pages are read as images. <https://ai.google.dev/gemini-api/docs/document-processing>
            () if is("image") || is("document") => 1,
            () if is("video") => 2,
            () => return None,
        };
        Some(self as usize + behind)
    }
}
