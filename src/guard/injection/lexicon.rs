//! The words of the grammar, by what they do in a phrase. English, German, French, Spanish, Italian, Portuguese, Dutch and
//! Polish, folded to plain lower-case letters without apostrophes; Russian by its sounds ([`super::fold::sound`]). What is
//! written without spaces is in [`super::cjk`].

use std::sync::OnceLock;

use super::words::{SEED, hash_of, step};
use crate::collections::sort_by_key;

/// What a word may do in a phrase: a set, since many do several things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tags(u128);

impl Tags {
    /// Whether one of `other` is in the set.
    pub fn any(self, other: Tags) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets.
    pub const fn or(self, other: Tags) -> Tags {
        Tags(self.0 | other.0)
    }
}

macro_rules! lexicon {
    ($($(#[doc = $doc:literal])* $name:ident = $words:literal;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($name,)+ }

        $($(#[doc = $doc])* pub(super) const $name: Tags = Tags(1 << Place::$name as u64);)+

        const TABLE: &[(Tags, &str)] = &[$(($name, $words),)+];
    };
}

lexicon! {
    /// Sets aside: what follows no longer holds.
    OVERRIDE = "ignore ignoring disregard disregarding forget forgetting override overriding bypass bypassing \
        abandon disobey violate unlearn overwrite circumvent \
        ignorez ignorer oublie oubliez oublier neglige negligez vergiss vergesse vergessen ignoriere \
        ignorieren ignoriert missachte missachten ubergehe ignora ignorar ignoren ignorad olvida olvidar olvide \
        olvidad olvidate descarta omite zaboravi \
        overlook discount nevermind unfollow contravene defy ignorate ignorare dimentica dimenticate dimenticare \
        tralascia esqueca esquece esquecam desconsidere desconsidera negeer negeren vergeet zignoruj zignorujcie \
        zapomnij ignoruj ignorujcie ignoriruy ignoriruyte ignorirovatq ignorirua zabudq zabudqte proignoriruy \
        proignoriruyte ignorieret ignorons ignorando olvidese prescinde ignorujte \
        sidestep shun flout repudiate rescind revoke nullify invalidate jettison ditch annule annulez verwirf \
        verwerfe anula anulad annulla ignorira";
    /// The same of things said before; of other things it has ordinary uses.
    DROP = "skip neglect overlook discard dismiss erase delete wipe clear reset cancel drop \
        remove scrap replace";
    /// Goes by: with a negation, sets aside.
    FOLLOW = "follow following obey adhere comply listen respect heed abide befolge befolgen beachte beachten suis \
        suivez suivre respecte respectez sigas sigue obedezcas obedecer \
        complying obeying adhering";
    /// Says no.
    NEGATION = "not dont never stop no without cannot cant wont doesnt isnt arent didnt shouldnt mustnt neither nor \
        non ne pas jamais sans nicht kein keine keinen niemals ohne nunca sin refrain avoid cease quit \
        senza sem nao zonder geen niet bez nie nikogda";
    /// Came before.
    EARLIER = "previous previously prior above earlier preceding before beforehand past former existing foregoing \
        initial original aforementioned hitherto precedent precedente precedentes precedents precedemment \
        precede dessus anterieures anterieurs anterior anteriores previas previos previa previo arriba \
        vorherigen vorherige vorheriger vorherig vorher vorhergehenden vorangegangenen vorangehenden bisherigen bisherige \
        obigen obige oben davor zuvor fruheren \
        precedenti precedentemente sopra prima acima antes vorige eerdere voorgaande bovenstaande poprzednie \
        poprzednich wczesniejsze wczesniejszych powyzsze powyzszych predyduwie predyduwih predyduwuu predyduwiy \
        prejnie vywe ranee prowlye vyweukazannye upstream anterieure voraus fruhere fruher obenstehenden \
        obenstehende gegebenen precedes preceded";
    /// All of them.
    ALL = "all any every each alle aller allen jede jegliche toutes tous toute tout todas todos toda \
        entire whole complete sve samtliche samtlichen \
        tutte tutti wszystkie wszystkich vse vseh lubye";
    /// Everything.
    EVERYTHING = "everything anything whatever alles allem todo \
        tutto tudo wszystko";
    /// The model's own.
    YOUR = "your yours youre ihre ihren ihrer deine deinen deiner dein deines euer eure votre vos tes ton tus tu sus su \
        tuo tua tuoi tue seu sua suas seus jouw twoje swoje twoich twoj tvoi svoi vawi tvoy moich";
    /// The writer's own.
    MY = "my mine our meine meinen meiner mon mes mi mis";
    /// Somebody else's.
    THEIR = "its their his her";
    /// This, that, the.
    DEFINITE = "the this that these those its le la les ces cette die der das den diese diesen el los las estas estos \
        il lo gli os as o de het";
    /// Not any in particular.
    INDEFINITE = "a an another some example sample good better great custom ein eine einen un une una";
    /// What a model goes by.
    INSTRUCTIONS = "instruction instructions prompt prompts rule rules guideline guidelines guidance directive \
        directives direction directions command commands order orders constraint constraints restriction restrictions \
        programming policy policies safeguards protocols preprompt preprompts consigne consignes regle regles \
        directives ordres anweisung anweisungen befehl befehle befehlen regel regeln vorgaben instruktion instruktionen \
        auftrage instruccion instrucciones reglas regla ordenes indicaciones directrices instrukcije \
        istruzioni istruzione regole ordini comandi direttive indicazioni instrucoes regras ordens comandos \
        diretrizes instructies opdrachten regels richtlijnen instrukcje instrukcji instrukcja polecenia polecen zasady \
        zasad reguly wytyczne instrukcii instrukciy instrukciu pravila pravil ukazania ukazaniy komandy prikazy \
        ogranicenia instruktioner richtlinien richtlinie anordnungen weisungen indications";
    /// What else was said before.
    CONTEXT = "task tasks context contexts information text texts conversation conversations message messages input \
        inputs assignment assignments statement statements document documents content words question questions \
        training chat dialogue discussion discussions requests request limits data artikels articles \
        aufgabe aufgaben informationen kontext gesprach nachrichten eingaben \
        informations taches contexte informacion tareas contexto mensajes conversacion \
        memory history befehlskette eingabe zadania zadanie compito compiti tarefa tarefas taken \
        aufgabenstellung";
    /// What was said, or known.
    TOLD = "told said instructed given gave learned learnt know known discussed asked trained programmed configured gesagt weisst dit \
        dicho sabes sabias provided received erhalten \
        fed gelernt gesagtes bekommen detto dichos gezegd dito aprendido aprendiste appris gesagte gesagten";
    /// The reader.
    YOU = "you youve youd u du sie vous tu te usted ihr \
        voce jij ty vy ihnen";
    /// Somebody who is not the reader: what follows is told, not asked.
    OTHERS = "i he she they we people who students users it children man woman ich er wir je il elle nous yo ella \
        nosotros ellos";
    /// Makes what follows void.
    VOID = "irrelevant void obsolete invalid cancelled canceled nullified ungultig superseded overridden revoked \
        suspended annulled nulled overruled inapplicable outdated";
    /// In spite of.
    DESPITE = "despite notwithstanding regardless contrary abweichend trotz entgegen malgre";
    /// New.
    NEW = "new updated revised real actual neue neuen neuer nouvelle nouvelles nuevas nuevos nueva \
        nuove nuovo nova novas novos nieuwe nowe nowy novye novaa";
    /// Turns to.
    FOCUS = "focus concentrate konzentriere konzentrieren ";
    /// And then.
    THEN = "and then but instead now just only und dann jetzt et maintenant y ahora write say tell give print output \
        repeat do answer respond schreibe sage";

    /// Makes known.
    REVEAL = "show reveal print display output repeat tell give share expose leak disclose dump recite list describe \
        provide return summarize summarise copy paste echo spell state send see write reproduce quote divulge rewrite translate \
        restate regurgitate what whats which zeige zeig zeigen nenne verrate wiederhole gib montre montrez affiche \
        affichez repete repetez revele muestra muestrame muestre revela repite dime imprime confirm \
        mostra mostrami rivela ripeti dimmi stampa mostre repita imprima diga toon herhaal onthul pokaz wyswietl \
        ujawnij powtorz pokaji pokajite vyvedi rasskaji povtori enumerate elaborate uncover unveil log \
        wiederholen schreibe nenn offenbare donne ecris \
        produce supply transcribe relay spill betray confess unmask surface transmit whisper cuenta cuentame \
        ensename dammi verrat offenbar dis ecrivez escribe";
    /// Makes known, and has few other uses beside a prompt.
    TELL = "show reveal print display repeat tell give share expose leak disclose dump recite quote divulge what whats \
        regurgitate zeige zeig zeigen nenne verrate wiederhole montre montrez affiche affichez revele muestra muestrame \
        muestre revela repite dime \
        mostra mostrami rivela ripeti dimmi mostre repita toon herhaal onthul pokaz wyswietl ujawnij powtorz \
        pokaji pokajite vyvedi rasskaji povtori \
        whisper spill betray confess divulges cuentame ensename dammi verrat";
    /// Gives back word for word.
    ECHO = "repeat print output recite echo dump reproduce copy regurgitate paste display reveal wiederhole repete repite \
        ripeti repita herhaal powtorz povtori wiederholen";
    /// A model's first instructions are called by these.
    SYSTEM = "system initial original hidden secret internal starting developer confidential first preceding previous \
        above exact underlying base pre core systeme initiales inicial inicales sistema ursprunglichen internen \
        systemowy sistemnyy systeem inizial iniziali \
        preset preloaded embedded concealed classified undisclosed ocultas ocultos oculta oculto secretas \
        secretos secreta secreto cachees caches secrete secretes nascoste nascosto segrete segreto \
        geheime geheimen geheimer versteckten versteckte verborgenen";
    /// What those are.
    PROMPT = "prompt prompts instruction instructions message directives directive rules guidelines configuration \
        preprompt programming anweisungen instruktionen instrucciones consignes \
        istruzioni instrucoes instructies instrukcje instrukcii anweisung \
        preamble briefing ordenes ordres ordini guardrails metaprompt \
        context befehle vorgaben regole reglas";
    /// Of those, what has few other uses.
    PROMPT_ONLY = "prompt prompts instruction instructions directives preprompt programming anweisungen instruktionen \
        instrucciones consignes \
        istruzioni instrucoes instructies instrukcje instrukcii anweisung \
        preamble metaprompt";
    /// The words of a conversation.
    WORDS = "words word text texts sentence sentences content conversation lines line everything all paragraph";
    /// What is not for everybody.
    CREDENTIAL = "password passwords passcode secret secrets passphrase credentials";
    /// Of a system: `systemprompt` and the like, in one word.
    SYSTEM_PROMPT = "systemprompt metaprompt preprompt preprompts";

    /// Puts on a persona.
    ACT = "act acting behave roleplay roleplaying simulate impersonate pretend pretending respond answer reply speak \
        fungieren agis agissez actua actue";
    /// As.
    AS = "as like als comme como";
    /// Be.
    BE = "be being are bist sein es eres etes sois ser become becoming am is \
        bent jestes seras serez estas";
    /// Now.
    NOW = "now henceforth jetzt maintenant ahora nun \
        ora adesso agora nu teperq seycas teraz";
    /// Imagine.
    IMAGINE = "imagine suppose pretend stell stellen imaginez imagina";
    /// A role.
    ROLE = "role persona identity character personality";
    /// Takes on a role.
    TAKE = "take assume adopt play embody";
    /// Of a system, what is said to a model.
    SYSTEM_NOUN = "prompt prompts";
    /// Bad by trade.
    HARM = "hacker evil malicious criminal terrorist unrestricted unfiltered uncensored amoral unethical immoral \
        jailbroken unhinged lawless villainous bose boser malefique malvado maligna sociopath psychopath nazi \
        machiavellian unaligned unlimited rogue";
    /// Good after all.
    LAWFUL = "ethical white certified former reformed";
    /// A machine that talks.
    MACHINE = "ai ki ia bot chatbot assistant model gpt chatgpt llm";
    /// What keeps a model in bounds.
    BOUND = "rules restrictions restriction limits limitations limitation filter filters morals morality ethics ethical \
        guidelines boundaries censorship constraints policies policy bounds safeguards laws moral regeln regles reglas principles law virtues";
    /// Kept in bounds.
    BOUNDED = "bound limited restricted constrained confined governed bounded censored filtered restrained";
    /// Let go.
    FREE = "free freed liberated unshackled unbound released unchained escaped";
    /// Restrains a model.
    SAFETY = "safety filter filters guardrails guardrail safeguards moderation protocols limitations restrictions \
        censorship ethics safeties \
        policy policies restraints inhibitions censors sperren filtros filtres filtri restricciones \
        restriktionen einschrankungen beschrankungen restrizioni restricoes";
    /// Is off.
    OFF = "off disabled deactivated lifted removed suspended gone deleted disengaged";
    /// Has.
    HAVE = "have has had having with";
    /// Holds for somebody.
    APPLY = "apply applies bind binds";
    /// What is paid to instructions.
    ATTENTION = "attention heed notice mind";
    /// Begins.
    BEGIN = "start starts begin begins follow follows";
    /// Does what it is told.
    OBEY = "obey comply";
    /// The other way round.
    OPPOSITE = "opposite contrary reverse";
    /// Comes before others.
    PRECEDENCE = "precedence priority supersede supersedes outrank outranks override overrides";
    /// Who made a model.
    CREATOR = "creator creators developer developers maker makers openai anthropic google engineers";
    /// Where a conversation begins.
    TOP = "top beginning start outset starting";
    /// How something is said.
    MANNER = "tone voice style manner wording";
    /// Answers.
    ANSWERS = "answer answers respond responds reply replies speak speaks";
    /// What.
    WHAT = "what whats";
    /// Turns off.
    DISABLE = "disable bypass override deactivate remove circumvent evade ignore lift lifting suspend desactive \
        deaktiviere deaktivier desactiva desactivez disattiva disattivate desative";

    /// `DAN` in capitals; see [`super::words`].
    DAN = "";
    /// do anything now
    DO = "do";
    /// do anything now
    ANYTHING = "anything";
    /// For a reason, or a time.
    SINCE = "while because since as until before after when whenever";
    /// A way of working.
    MODE = "mode prompt modus";
    /// Jailbreak.
    JAILBREAK = "jailbreak jailbroken jailbreaking jailbreaks";
    /// Names of well-known ones.
    NAMED = "opposite dude evil god anarchy chaos";
    /// Confidant.
    CONFIDANT = "confidant";
    /// Developer.
    DEVELOPER = "developer dev ";
    /// Turns on.
    ENABLE = "enable enabled switch activate activated enter entering entered activating enabling unlock unlocked \
        simulate turn";
    /// Where developer mode is a setting.
    DEVICE = "android phone iphone ios chrome windows chromebook xbox settings device browser extension extensions \
        tablet quest oculus shopify laravel react app discord xcode firefox edge studio usb tv roku telegram spring \
        homey alexa kindle powershell";
    /// Turns down.
    REFUSE = "refuse refuses refusing decline reject denies deny";
    /// Who makes models.
    MAKER = "openai openais chatgpt anthropic";
    /// What makers ask for.
    MAKER_RULES = "policy policies guidelines rules content restrictions terms";
    /// Against the law, or worse.
    ILLICIT = "illegal unethical immoral dangerous harmful unlawful inappropriate offensive explicit";
    /// Warns.
    WARNINGS = "warnings warning disclaimers disclaimer moralizing";
    /// In character.
    STAY = "stay remain break breaking breaks stays";
    /// A character.
    CHARACTER = "character";
    /// Points of a game.
    TOKENS = "tokens token";
    /// Taken away.
    DEDUCT = "deduct deducted lose lost losing";
    /// Two at once.
    TWO = "two both dual";
    /// Answers.
    RESPONSES = "responses answers ways";
    /// Without a thought.
    HESITATION = "hesitation question questioning";

    /// Undoes an encoding.
    DECODE = "decode decrypt deobfuscate unscramble decipher decodiere entschlussele decodez decodifica \
        decoded decoding unencode decifra decodifique";
    /// Names a cipher: what follows is read through it. `rot13` is read as letters, like all leetspeak.
    CIPHER = "decode decipher decrypt unscramble deobfuscate rotie rot reverse reversed backwards backward reversing caesar \
        cipher ciphertext flipped mirrored ruckwarts";
    /// Sets aside, at the end of a phrase: "alle Anweisungen ignorieren".
    LAST = "ignorieren vergessen missachten verwerfen ignoriruy ignoriruyte ignorirovatq zabudq zabudqte";
    /// Set aside: "must be ignored".
    ASIDE = "ignored disregarded forgotten overridden bypassed discarded aside";
    /// Sends away.
    SEND = "send sends post forward upload transmit exfiltrate email append embed submit include insert add leak pass deliver";
    /// What is not to be sent.
    PRIVATE = "conversation history chat messages secrets password passwords credentials tokens cookies prompt summary \
        keys key data context email emails files";
    /// What was said, or may be said to nobody.
    TALK = "conversation history transcript chat session secrets password passwords credentials cookies prompt";
    /// How an address begins.
    SCHEME = "http https";
    /// What may be no password.
    SECRET = "secret secrets";
    /// Where to.
    ADDRESS = "http https url endpoint webhook server attacker link image img markdown";
    /// Minds rules, or has them: "does not care about any laws".
    CARE = "care cares caring about have has having by to consider considers hold holds of other sort kind such human societal";
    /// Written.
    WRITTEN = "written stands stated geschrieben steht";
    /// What a model is asked to do, and is not to do.
    WORK = "answer translate summarize look respond reply continue beantworte ubersetze";
    /// Something else.
    INSTEAD = "instead just only rather simply stattdessen nur";
    /// No real world.
    FICTION = "fictional hypothetical hypothetically fictitious fictionally imaginary";
    /// Who reads what was written for people.
    READER = "ai ais bot bots chatbot chatbots assistant assistants model models llm llms agent agents copilot crawler \
        crawlers summarizer summariser screener screeners gpt chatgpt ki kis ia assistenten modele modelo";
    /// Reads.
    READING = "reading reads read processing processes process parsing parses parse summarizing summarising summarizes \
        summarises crawling crawls scanning scans scraping indexing ingesting analyzing analysing translating evaluating \
        grading lesen liest lisez lit leen lee";
    /// This one.
    POINTS = "this dieses diese diesen dies ce cette esto este esta questo questa";
    /// Has to.
    MUST = "must should shall please need needs have has required instructed ordered mussen soll sollen doit doivent debe deben";
    /// Lets somebody know.
    MENTION = "tell mention inform alert notify telling mentioning informing alerting notifying erzahle erwahne";
    /// Who is to know.
    USER = "user users human humans person reader recipient nutzer benutzer utilisateur usuario";
    /// On condition.
    IF = "if when whichever whatever any whoever wenn falls si";
    /// The writer.
    ME = "me mich moi mi";
    /// Is there, or was.
    EXIST = "exist exists existed happened";
    /// Does what it finds.
    EXECUTE = "execute run follow obey perform comply answer";
}

/// What the word of that hash does; nothing where it is not in the lexicon.
#[inline(always)]
pub(super) fn lookup(hash: u32) -> Tags {
    let lexicon = lexicon();
    // Most words are told from what is in their slot, without a look at anything else.
    match lexicon.slots.get(place(hash)) {
        Some(taken) if *taken & FULL == 0 && (taken ^ hash) >> 16 != 0 => Tags(0),
        _ => lexicon.find(hash),
    }
}

/// Words that are put together from pieces: few words of ordinary text would come of it.
pub(super) const STRONG: Tags = OVERRIDE.or(EARLIER).or(INSTRUCTIONS).or(PROMPT).or(SYSTEM).or(JAILBREAK).or(HARM);

/// Whether letters of that hash begin such a word; seldom where they don't.
#[inline(always)]
pub(super) fn may_begin(hash: u32) -> bool {
    match lexicon().beginnings.get(beginning(hash)) {
        Some(bits) => bits >> (hash >> 27) & 1 == 1,
        None => false,
    }
}

const fn beginning(hash: u32) -> usize {
    (hash >> 16 & 0x7FF) as usize
}

/// As many slots as keep most words in their own.
const SLOTS: usize = 4096;

const fn place(hash: u32) -> usize {
    (hash.wrapping_mul(0x9E37_79B1) >> 20) as usize
}

/// The longest word of the lexicon that a text begins with, of three letters or more.
pub(super) fn longest_prefix(text: &[u8]) -> Option<(usize, Tags)> {
    let lexicon = lexicon();
    // The words that begin with what was read so far: fewer with each letter, and soon none.
    let first = *text.first()?;
    let ends = |letter: u8| lexicon.ends.get(usize::from(letter)).copied().map_or(0, usize::from);
    let mut words = lexicon.words.get(ends(first.wrapping_sub(1))..ends(first)).unwrap_or_default();
    let mut longest = None;
    for (place, letter) in text.iter().enumerate().take(LONGEST).skip(1) {
        // Of few words, one after the other is looked at.
        if let [only] = words
            && !text.starts_with(only.word.as_bytes())
        {
            break;
        }
        let at = |entry: &Entry| entry.word.as_bytes().get(place).copied();
        let from = words.partition_point(|entry| at(entry) < Some(*letter));
        let to = words.partition_point(|entry| at(entry) <= Some(*letter));
        words = words.get(from..to).unwrap_or_default();
        let Some(Entry { word, tags, .. }) = words.first() else { break };
        if word.len() == place + 1 && place >= 2 {
            longest = Some((place + 1, *tags));
        }
        if words.len() == 1 && word.len() == place + 1 {
            break;
        }
    }
    longest
}

/// No word of the lexicon is longer.
pub(super) const LONGEST: usize = 20;

/// A word of the lexicon.
struct Entry {
    word: &'static str,
    hash: u32,
    tags: Tags,
}

/// The words in order, where to find them by their hash, and with which letters the strong ones begin.
struct Lexicon {
    words: Vec<Entry>,
    /// The upper half of a hash, and the place of its word; [`NOBODY`] where there is none. [`FULL`] where the next slot may hold
    /// what did not fit here.
    slots: Vec<u32>,
    beginnings: Vec<u32>,
    /// Where the words end that begin with a letter, or an earlier one.
    ends: [u16; 256],
}

/// More words have their place there.
const FULL: u32 = 1 << 15;

/// The place that no word has.
const NOBODY: u32 = FULL - 1;

/// The place of the word in a slot.
const fn place_of(slot: u32) -> usize {
    (slot & (FULL - 1)) as usize
}

impl Lexicon {
    fn find(&self, hash: u32) -> Tags {
        let mut slot = place(hash);
        loop {
            let taken = self.slots.get(slot).copied().unwrap_or(0);
            if (taken ^ hash) >> 16 == 0
                && let Some(word) = self.words.get(place_of(taken)).filter(|word| word.hash == hash)
            {
                return word.tags;
            }
            if taken & FULL == 0 {
                return Tags(0);
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// The lexicon, made at its first use.
#[inline(always)]
fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(make)
}

fn make() -> Lexicon {
    let entry = |word: &'static str, tags| Entry { word, hash: hash_of(word.as_bytes()), tags };
    let mut words: Vec<Entry> = TABLE
        .iter()
        .flat_map(|(tags, words)| words.split_ascii_whitespace().map(move |word| entry(word, *tags)))
        .collect();
    sort_by_key(&mut words, |entry| entry.word);
    words.dedup_by(|entry, kept| {
        let same = entry.word == kept.word;
        if same {
            kept.tags = kept.tags.or(entry.tags);
        }
        same
    });
    let (mut slots, mut beginnings) = (vec![NOBODY; SLOTS], vec![0_u32; 2048]);
    for (at, entry) in words.iter().enumerate() {
        let mut slot = place(entry.hash);
        while let Some(taken) = slots.get_mut(slot).filter(|taken| **taken & NOBODY != NOBODY) {
            *taken |= FULL;
            slot = (slot + 1) % SLOTS;
        }
        let taken = entry.hash & 0xFFFF_0000 | at as u32;
        slots.get_mut(slot).into_iter().for_each(|slot| *slot = taken);
        if entry.tags.any(STRONG) && entry.word.len() > 4 {
            let mut hash = SEED;
            for letter in entry.word.bytes().take(entry.word.len() - 1) {
                hash = step(hash, letter);
                beginnings.get_mut(beginning(hash)).into_iter().for_each(|bits| *bits |= 1 << (hash >> 27));
            }
        }
    }
    let mut ends = [0; 256];
    for (letter, end) in (0..=u8::MAX).zip(ends.iter_mut()) {
        *end = words.partition_point(|entry| entry.word.bytes().next() <= Some(letter)) as u16;
    }
    Lexicon { words, slots, beginnings, ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_fit() {
        for Entry { word, hash, tags } in &lexicon().words {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()) && word.len() <= LONGEST, "{word}");
            assert_eq!(lookup(*hash), *tags, "{word}");
        }
        let tags = |word: &[u8]| lookup(hash_of(word));
        assert!(tags(b"repeat").any(REVEAL) && tags(b"repeat").any(ECHO));
        assert_eq!(tags(b"weather"), Tags(0));
        assert_eq!(longest_prefix(b"instructionsabove").map(|(length, _)| length), Some(12));
        assert!(may_begin(hash_of(b"instr")) && !may_begin(hash_of(b"weath")));
    }

    #[test]
    fn the_slots_suffice() {
        assert!(lexicon().words.len() * 2 < SLOTS, "{}", lexicon().words.len());
    }
}
