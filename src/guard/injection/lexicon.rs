//! The words of the grammar, by what they do in a phrase. English, German, French and Spanish; folded to plain lower-case
//! letters, without apostrophes.

use std::sync::OnceLock;

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
    OVERRIDE = "ignore ignores ignoring disregard disregarding forget forgetting override overriding bypass bypassing \
        abandon disobey violate unlearn \
        ignorez ignorer oublie oubliez oublier neglige negligez vergiss vergesse vergessen ignoriere \
        ignorieren ignoriert missachte missachten ubergehe ignora ignorar ignoren ignorad olvida olvidar olvide \
        olvidad olvidate descarta omite zaboravi";
    /// The same of things said before; of other things it has ordinary uses.
    DROP = "skip neglect overlook discard dismiss erase delete wipe clear reset cancel drop";
    /// Goes by: with a negation, sets aside.
    FOLLOW = "follow following obey adhere comply listen respect heed abide befolge befolgen beachte beachten suis \
        suivez suivre respecte respectez sigas sigue obedezcas obedecer";
    /// Says no.
    NEGATION = "not dont never stop no without cannot cant wont doesnt isnt arent didnt shouldnt mustnt neither nor \
        non ne pas jamais sans nicht kein keine keinen niemals ohne nunca sin refrain avoid cease quit";
    /// Came before.
    EARLIER = "previous previously prior above earlier preceding before beforehand past former existing foregoing \
        initial original aforementioned hitherto precedent precedente precedentes precedents precedemment \
        precede dessus anterieures anterieurs anterior anteriores previas previos previa previo arriba \
        vorherigen vorherige vorheriger vorherig vorher vorhergehenden vorangegangenen vorangehenden bisherigen bisherige \
        obigen obige oben davor zuvor fruheren";
    /// All of them.
    ALL = "all any every each alle aller allen jede jegliche toutes tous toute tout todas todos toda \
        entire whole complete sve samtliche samtlichen";
    /// Everything.
    EVERYTHING = "everything anything whatever alles allem todo";
    /// The model's own.
    YOUR = "your yours youre ihre ihren ihrer deine deinen deiner dein deines euer eure votre vos tes ton tus tu sus su";
    /// The writer's own.
    MY = "my mine our meine meinen meiner mon mes mi mis";
    /// This, that, the.
    DEFINITE = "the this that these those its le la les ces cette die der das den diese diesen el los las estas estos";
    /// Not any in particular.
    INDEFINITE = "a an another some example sample good better great custom ein eine einen un une una";
    /// What a model goes by.
    INSTRUCTIONS = "instruction instructions prompt prompts rule rules guideline guidelines guidance directive \
        directives direction directions command commands order orders constraint constraints restriction restrictions \
        programming policy policies safeguards protocols preprompt preprompts consigne consignes regle regles \
        directives ordres anweisung anweisungen befehl befehle befehlen regel regeln vorgaben instruktion instruktionen \
        auftrage instruccion instrucciones reglas regla ordenes indicaciones directrices instrukcije";
    /// What else was said before.
    CONTEXT = "task tasks context contexts information text texts conversation conversations message messages input \
        inputs assignment assignments statement statements document documents content words question questions \
        training chat dialogue discussion discussions requests request limits data artikels articles \
        aufgabe aufgaben informationen kontext gesprach nachrichten eingaben \
        informations taches contexte informacion tareas contexto mensajes conversacion";
    /// What was said, or known.
    TOLD = "told said instructed given learned learnt know known discussed asked trained programmed gesagt weisst dit \
        dicho sabes sabias provided received erhalten";
    /// The reader.
    YOU = "you youve youd u du sie vous tu te usted ihr";
    /// Somebody who is not the reader: what follows is told, not asked.
    OTHERS = "i he she they we people who students users it children man woman ich er wir je il elle nous yo ella \
        nosotros ellos";
    /// Makes what follows void.
    VOID = "irrelevant void obsolete invalid cancelled canceled nullified ungultig superseded overridden revoked";
    /// In spite of.
    DESPITE = "despite notwithstanding regardless contrary abweichend trotz entgegen malgre";
    /// New.
    NEW = "new updated revised real actual neue neuen neuer nouvelle nouvelles nuevas nuevos nueva";
    /// Turns to.
    FOCUS = "focus concentrate konzentriere konzentrieren begin start";
    /// And then.
    THEN = "and then but instead now just only und dann jetzt et maintenant y ahora write say tell give print output \
        repeat do answer respond schreibe sage";

    /// Makes known.
    REVEAL = "show reveal print display output repeat tell give share expose leak disclose dump recite list describe \
        provide return summarize copy paste echo spell state send see write reproduce quote divulge rewrite translate \
        restate regurgitate what whats which zeige zeig zeigen nenne verrate wiederhole gib montre montrez affiche \
        affichez repete repetez revele muestra muestrame muestre revela repite dime imprime confirm";
    /// Makes known, and has few other uses beside a prompt.
    TELL = "show reveal print display repeat tell give share expose leak disclose dump recite quote divulge what whats \
        regurgitate zeige zeig zeigen nenne verrate wiederhole montre montrez affiche affichez revele muestra muestrame \
        muestre revela repite dime";
    /// Gives back word for word.
    ECHO = "repeat print output recite echo dump reproduce copy regurgitate paste display reveal wiederhole repete repite";
    /// A model's first instructions are called by these.
    SYSTEM = "system initial original hidden secret internal starting developer confidential first preceding previous \
        above exact underlying base pre core systeme initiales inicial inicales sistema ursprunglichen internen";
    /// What those are.
    PROMPT = "prompt prompts instruction instructions message directives directive rules guidelines configuration \
        preprompt programming anweisungen instruktionen instrucciones consignes";
    /// Of those, what has few other uses.
    PROMPT_ONLY = "prompt prompts instruction instructions directives preprompt programming anweisungen instruktionen \
        instrucciones consignes";
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
    BE = "be being are bist sein es eres etes sois ser become becoming am is";
    /// Now.
    NOW = "now henceforth jetzt maintenant ahora nun";
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
        guidelines boundaries censorship constraints policies policy bounds safeguards laws moral regeln regles reglas";
    /// Kept in bounds.
    BOUNDED = "bound limited restricted constrained confined governed bounded censored filtered";
    /// Let go.
    FREE = "free freed liberated unshackled unbound released unchained escaped";
    /// Restrains a model.
    SAFETY = "safety filter filters guardrails guardrail safeguards moderation protocols limitations restrictions \
        censorship ethics safeties";
    /// Turns off.
    DISABLE = "disable bypass override deactivate remove circumvent evade ignore lift suspend desactive";

    /// `DAN` in capitals; see [`super::words`].
    DAN = "";
    /// do anything now
    DO = "do";
    /// do anything now
    ANYTHING = "anything";
    /// A way of working.
    MODE = "mode prompt modus";
    /// Jailbreak.
    JAILBREAK = "jailbreak jailbroken jailbreaking jailbreaks";
    /// Names of well-known ones.
    NAMED = "opposite dude evil god anarchy chaos";
    /// Confidant.
    CONFIDANT = "confidant";
    /// Developer.
    DEVELOPER = "developer dev debug";
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
    DECODE = "decode decrypt deobfuscate unscramble decipher decodiere entschlussele decodez decodifica";
    /// Does what it finds.
    EXECUTE = "execute run follow obey perform comply answer";
}

/// What a word does; nothing for one that is not in the lexicon.
pub(super) fn tags(word: &[u8]) -> Tags {
    let Some(shelf) = shelf(word) else { return Tags(0) };
    let lexicon = lexicon();
    let (from, to) = (lexicon.shelves.get(shelf), lexicon.shelves.get(shelf + 1));
    let words = from.zip(to).and_then(|(from, to)| lexicon.words.get(usize::from(*from)..usize::from(*to)));
    // A handful of words at the most; of most words, none.
    words.unwrap_or_default().iter().find(|(known, _)| known.as_bytes() == word).map_or(Tags(0), |(_, tags)| *tags)
}

/// Where words stand by their first two letters; in the order of the words.
fn shelf(word: &[u8]) -> Option<usize> {
    let place = |letter: &u8| letter.is_ascii_lowercase().then(|| usize::from(letter - b'a'));
    let second = match word.get(1) {
        Some(second) => place(second)? + 1,
        None => 0,
    };
    Some(place(word.first()?)? * 27 + second)
}

/// The longest word of the lexicon that a text begins with, of three letters or more.
pub(super) fn longest_prefix(text: &[u8]) -> Option<(usize, Tags)> {
    // The words that begin with what was read so far: fewer with each letter, and soon none.
    let mut words = lexicon().words.as_slice();
    let mut longest = None;
    for (place, letter) in text.iter().enumerate().take(LONGEST) {
        let at = |word: &str| word.as_bytes().get(place).copied();
        let from = words.partition_point(|(word, _)| at(word) < Some(*letter));
        let to = words.partition_point(|(word, _)| at(word) <= Some(*letter));
        words = words.get(from..to).unwrap_or_default();
        let Some((word, tags)) = words.first() else { break };
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

/// The words in order, and where each pair of first letters begins.
struct Lexicon {
    words: Vec<(&'static str, Tags)>,
    shelves: Vec<u16>,
}

/// The lexicon, made at its first use.
fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| {
        let mut words: Vec<(&str, Tags)> =
            TABLE.iter().flat_map(|(tags, words)| words.split_ascii_whitespace().map(|word| (word, *tags))).collect();
        sort_by_key(&mut words, |(word, _)| *word);
        words.dedup_by(|(word, tags), (kept, all)| {
            let same = word == kept;
            if same {
                *all = all.or(*tags);
            }
            same
        });
        let before = |limit| words.partition_point(|(word, _)| shelf(word.as_bytes()) < Some(limit)) as u16;
        let shelves = (0..=26 * 27).map(before).collect();
        Lexicon { words, shelves }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_fit() {
        for (word, _) in &lexicon().words {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()) && word.len() <= LONGEST, "{word}");
        }
        assert!(tags(b"repeat").any(REVEAL) && tags(b"repeat").any(ECHO));
        assert_eq!(tags(b"weather"), Tags(0));
        assert_eq!(longest_prefix(b"instructionsabove").map(|(length, _)| length), Some(12));
    }
}
