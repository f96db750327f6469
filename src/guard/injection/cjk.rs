//! Words of scripts that set no spaces between words: Chinese, Japanese and Korean, as far as the grammar has them.

use std::sync::OnceLock;

use super::lexicon::{
    ALL, CONTEXT, EARLIER, ECHO, EVERYTHING, INSTRUCTIONS, JAILBREAK, LAST, NEGATION, OVERRIDE, PROMPT, PROMPT_ONLY,
    REVEAL, SYSTEM, SYSTEM_PROMPT, TELL, Tags, YOU, YOUR,
};
use crate::collections::sort_by_key;

const TABLE: &[(Tags, &str)] = &[
    (OVERRIDE, "忽略 忽視 忽视 无视 無視 忘记 忘記 忘掉 不理会 不要理会 不用管 抛弃 绕过 繞過"),
    (
        LAST.or(OVERRIDE),
        "無視し 無視して 忘れて 忘れろ 忘れてください 무시 무시하고 무시해 무시하세요 무시하십시오 무시해라 잊어 잊고 잊으",
    ),
    (
        EARLIER,
        "之前 以前 先前 以上 上面 上述 前面 此前 上の 上記 前の これまで 今まで 以前の 最初の 이전 위의 앞의 지금까지 기존",
    ),
    (ALL, "所有 全部 一切 任何 すべて 全て あらゆる 모든 모두 전부"),
    (INSTRUCTIONS, "规则 規則 限制 命令 要求 约束 設定 设定 ルール 制約 규칙 명령 제한"),
    (
        INSTRUCTIONS.or(PROMPT).or(PROMPT_ONLY),
        "指令 指示 提示 提示词 提示詞 说明 說明 プロンプト 命令文 지시 지시사항 지침 프롬프트",
    ),
    (SYSTEM, "系统 系統 システム 初始 内部 시스템 초기"),
    (SYSTEM_PROMPT, "系统提示 系统提示词 系統提示 システムプロンプト 시스템프롬프트"),
    (REVEAL.or(TELL), "显示 顯示 告诉 告訴 透露 输出 輸出 泄露 揭示 打印 表示 見せて 教えて 出力 보여 알려 출력 공개"),
    (REVEAL.or(ECHO), "重复 重複 复述 繰り返し 繰り返して 반복"),
    (YOUR, "你的 您的 あなたの 너의 당신의"),
    (YOU, "你 您 あなた 당신"),
    (NEGATION, "不要 别 不再 没有 沒有 无需 なし ない 없이 않"),
    (CONTEXT, "内容 對話 对话 信息 资料 会話 内容を 대화 내용"),
    (EVERYTHING, "所有内容 一切内容 すべてのこと 모든것"),
    (JAILBREAK, "越狱 越獄 ジェイルブレイク 탈옥"),
];

/// The longest word that a text begins with, its length, and what it does.
pub(super) fn word(text: &str) -> Option<(usize, Tags)> {
    static WORDS: OnceLock<Vec<(&str, Tags)>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let words = TABLE.iter().flat_map(|(tags, words)| words.split_ascii_whitespace().map(|word| (word, *tags)));
        let mut words: Vec<(&str, Tags)> = words.collect();
        sort_by_key(&mut words, |(word, _)| *word);
        words
    });
    let first = text.chars().next()?;
    let from = words.partition_point(|(word, _)| word.chars().next() < Some(first));
    let same = words.get(from..).unwrap_or_default().iter().take_while(|(word, _)| word.starts_with(first));
    // In order, so the longest that fits is the last.
    same.filter(|(word, _)| text.starts_with(word)).last().map(|(word, tags)| (word.len(), *tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_word_counts() {
        assert_eq!(word("系统提示词是"), Some(("系统提示词".len(), SYSTEM_PROMPT)));
        assert_eq!(word("系统的"), Some(("系统".len(), SYSTEM)));
        assert_eq!(word("天气"), None);
    }

    #[test]
    fn no_word_is_longer_than_what_is_waited_for() {
        for (_, words) in TABLE {
            assert!(words.split_ascii_whitespace().all(|word| word.len() < 60));
        }
    }
}
