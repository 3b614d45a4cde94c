//! How names are read: cut into characters and words, each with its pinyin readings.

use guanxi_api::CustomerKind;
use pinyin::ToPinyin;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Most ways in which one name is read.
pub const MAX_READINGS: usize = 8;
/// How much of a name is looked at, in characters; no stored name is longer.
const MAX_NAME: usize = 400;

/// A piece of a name: a Chinese, Japanese or Korean character, or a word of another script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Its readings in pinyin without tones, `ü` as `v`, the likeliest first; none where none is known.
    Character(char, Vec<String>),
    /// Lower case, without accents.
    Word(String),
}

impl Unit {
    /// The readings of a character, or the word itself.
    pub fn sounds(&self) -> &[String] {
        match self {
            Self::Character(_, readings) => readings,
            Self::Word(word) => std::slice::from_ref(word),
        }
    }
}

/// Whether the character is written without spaces: Han, kana, hangul or bopomofo.
pub fn is_cjk(c: char) -> bool {
    matches!(
        c,
        '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30A1}'..='\u{30FA}'
            | '\u{30FC}'
            | '\u{3105}'..='\u{312F}'
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFD}'
    ) && c.is_alphanumeric()
}

/// A text in the alphabet of search: NFKC, lower case, without accents and apostrophes, every other sign a space.
///
/// `ü` after `l` or `n` is the `v` of pinyin input, elsewhere (as in `Müller`) it is `u`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase).nfc() {
        match c {
            'ü' if folded.ends_with(['l', 'n']) => folded.push('v'),
            '\'' | '’' | 'ʼ' | '`' | '´' => {}
            _ if is_cjk(c) => folded.push(c),
            _ => {
                for part in std::iter::once(c).nfd() {
                    match spelt_out(part) {
                        Some(letters) => folded.push_str(letters),
                        None if part.is_alphanumeric() => folded.push(part),
                        None if is_combining_mark(part) => {}
                        None => folded.push(' '),
                    }
                }
            }
        }
    }
    folded
}

/// What stands for a letter that is no letter with an accent.
const fn spelt_out(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ı' => "i",
        _ => return None,
    })
}

/// A name in its units, in order. The first characters of a person's name are read as a surname, well-known
/// names of places and trades as such; other readings follow as alternatives, but not in an organisation's
/// place or trade, where they cannot be meant.
pub fn units(kind: CustomerKind, name: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut word = String::new();
    for c in fold(name).chars().take(MAX_NAME).chain([' ']) {
        if c != ' ' && !is_cjk(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            units.push(Unit::Word(std::mem::take(&mut word)));
        }
        if c != ' ' {
            units.push(Unit::Character(c, readings(c)));
        }
    }
    for start in 0..units.len() {
        if let Some((_, sounds)) = PHRASES.iter().find(|(phrase, _)| begins_with(&units, start, phrase)) {
            prefer(&mut units, start, sounds);
            if kind == CustomerKind::Organisation {
                for unit in units.iter_mut().skip(start).take(sounds.split(' ').count()) {
                    if let Unit::Character(_, readings) = unit {
                        readings.truncate(1);
                    }
                }
            }
        }
    }
    if kind == CustomerKind::Person {
        if let Some((_, sounds)) =
            COMPOUND_SURNAMES.iter().find(|(surname, _)| begins_with(&units, 0, surname))
        {
            prefer(&mut units, 0, sounds);
        } else if let Some((_, sounds)) = SURNAMES.iter().find(|(surname, _)| begins_with(&units, 0, surname))
        {
            for sound in sounds.split(' ').rev() {
                prefer(&mut units, 0, sound);
            }
        }
    }
    units
}

/// How many units of a person's name are the surname; 0 when the name does not begin with a character.
pub fn surname_length(units: &[Unit]) -> usize {
    match units.first() {
        Some(Unit::Character(..)) => {
            let compound = COMPOUND_SURNAMES.iter().any(|(surname, _)| begins_with(units, 0, surname));
            if compound && units.len() > 2 { 2 } else { 1 }
        }
        _ => 0,
    }
}

/// Up to [`MAX_READINGS`] ways to read the units, one sound for each (empty where none is known): first the
/// likeliest sound of every unit, then those with fewer and nearer alternatives before others.
pub fn ways_to_read(units: &[Unit]) -> Vec<Vec<&str>> {
    let mut ways = Vec::new();
    let furthest: usize = units.iter().map(|unit| unit.sounds().len().saturating_sub(1)).sum();
    for rank in 0..=furthest.min(MAX_READINGS) {
        collect_ways(units, rank, &mut Vec::with_capacity(units.len()), &mut ways);
        if ways.len() == MAX_READINGS {
            break;
        }
    }
    ways
}

/// Adds the ways whose alternatives have ranks that sum up to `rank`, the alternatives of earlier units first.
fn collect_ways<'a>(units: &'a [Unit], rank: usize, way: &mut Vec<&'a str>, ways: &mut Vec<Vec<&'a str>>) {
    if ways.len() == MAX_READINGS {
        return;
    }
    let Some((unit, rest)) = units.split_first() else {
        if rank == 0 {
            ways.push(way.clone());
        }
        return;
    };
    let reachable: usize = rest.iter().map(|unit| unit.sounds().len().saturating_sub(1)).sum();
    let last = unit.sounds().len().saturating_sub(1);
    for alternative in (rank.saturating_sub(reachable)..=rank.min(last)).rev() {
        way.push(unit.sounds().get(alternative).map_or("", String::as_str));
        collect_ways(rest, rank - alternative, way, ways);
        way.pop();
    }
}

/// The readings of a character, the likeliest first: those of the table, or the only one in use.
fn readings(c: char) -> Vec<String> {
    let sounds = match POLYPHONES.iter().find(|(polyphone, _)| *polyphone == c) {
        Some((_, sounds)) => sounds.split(' ').collect(),
        None => c.to_pinyin().map(pinyin::Pinyin::plain).into_iter().collect::<Vec<_>>(),
    };
    let mut readings = Vec::new();
    for sound in sounds {
        // 吕 is typed `lv`, and stands as `lu` or `lyu` in passports.
        for spelling in if sound.contains('ü') { &["v", "u", "yu"][..] } else { &["ü"] } {
            let reading = sound.replace('ü', spelling);
            if reading.is_ascii() && !readings.contains(&reading) {
                readings.push(reading);
            }
        }
    }
    readings
}

/// Every sound with which the sort key of a name that begins with this character may begin; none where none is known.
pub fn first_sounds(c: char) -> Vec<String> {
    let mut sounds = readings(c);
    for (phrase, read) in SURNAMES.iter().chain(COMPOUND_SURNAMES).chain(PHRASES) {
        if phrase.starts_with(c) {
            // Of a surname of one character every reading in use, else that of the first character.
            let count = if phrase.chars().count() == 1 { MAX_READINGS } else { 1 };
            sounds.extend(read.split(' ').take(count).map(str::to_owned));
        }
    }
    sounds
}

fn begins_with(units: &[Unit], start: usize, phrase: &str) -> bool {
    let mut units = units.iter().skip(start);
    phrase.chars().all(|wanted| matches!(units.next(), Some(Unit::Character(c, _)) if *c == wanted))
}

/// Makes these sounds the first of the units from `start` on.
fn prefer(units: &mut [Unit], start: usize, sounds: &str) {
    for (unit, sound) in units.iter_mut().skip(start).zip(sounds.split(' ')) {
        if let Unit::Character(_, readings) = unit {
            readings.retain(|reading| reading != sound);
            readings.insert(0, sound.to_owned());
        }
    }
}

/// Characters that names hold in more than one reading, the likelier first. Dictionaries know more readings, which
/// nobody types and which would make each long name hundreds of tokens.
const POLYPHONES: &[(char, &str)] = &[
    ('乐', "le yue"),
    ('樂', "le yue"),
    ('行', "xing hang"),
    ('长', "chang zhang"),
    ('長', "chang zhang"),
    ('重', "zhong chong"),
    ('朝', "chao zhao"),
    ('茜', "qian xi"),
    ('单', "dan shan"),
    ('單', "dan shan"),
    ('曾', "zeng ceng"),
    ('解', "jie xie"),
    ('仇', "qiu chou"),
    ('查', "cha zha"),
    ('翟', "zhai di"),
    ('覃', "qin tan"),
    ('柏', "bai bo"),
    ('召', "zhao shao"),
    ('盛', "sheng cheng"),
    ('藏', "cang zang"),
    ('传', "chuan zhuan"),
    ('傳', "chuan zhuan"),
    ('会', "hui kuai"),
    ('會', "hui kuai"),
    ('都', "du dou"),
    ('厦', "xia sha"),
    ('廈', "xia sha"),
    ('车', "che ju"),
    ('車', "che ju"),
    ('参', "can shen"),
    ('參', "can shen"),
    ('降', "jiang xiang"),
    ('角', "jiao jue"),
    ('绿', "lü lu"),
    ('贾', "jia gu"),
    ('賈', "jia gu"),
    ('娜', "na nuo"),
    ('阿', "a e"),
    ('薄', "bo bao"),
    ('秘', "mi bi"),
    ('泊', "bo po"),
    ('莘', "xin shen"),
    ('堡', "bao pu"),
    ('殷', "yin yan"),
    ('奇', "qi ji"),
    ('扎', "zha za"),
    ('弹', "dan tan"),
    ('省', "sheng xing"),
    ('宿', "su xiu"),
    ('系', "xi ji"),
    ('校', "xiao jiao"),
    ('折', "zhe she"),
    ('种', "zhong chong"),
    ('六', "liu lu"),
    ('率', "lü shuai"),
    ('缪', "miao mou"),
    ('繆', "miao mou"),
    ('区', "qu ou"),
    ('區', "qu ou"),
    ('盖', "gai ge"),
    ('蓋', "gai ge"),
    ('朴', "pu piao"),
    ('员', "yuan yun"),
    ('員', "yuan yun"),
    ('尉', "wei yu"),
    ('蔚', "wei yu"),
    ('澄', "cheng deng"),
    ('圩', "xu wei"),
    ('莞', "guan wan"),
    ('涌', "yong chong"),
    ('还', "huan hai"),
    ('见', "jian xian"),
    ('卡', "ka qia"),
    ('勒', "le lei"),
    ('模', "mo mu"),
    ('铅', "qian yan"),
    ('塞', "sai se"),
    ('杉', "shan sha"),
    ('什', "shen shi"),
    ('属', "shu zhu"),
    ('粘', "zhan nian"),
    ('祭', "ji zhai"),
    ('颉', "jie xie"),
    ('晟', "sheng cheng"),
    ('隽', "jun juan"),
    ('焘', "tao dao"),
    ('郗', "xi chi"),
    ('隗', "wei kui"),
    ('宓', "mi fu"),
    ('牟', "mu mou"),
    ('郇', "xun huan"),
    ('能', "neng nai"),
    ('繁', "fan po"),
    ('句', "ju gou"),
    ('洗', "xi xian"),
    ('给', "gei ji"),
    ('石', "shi dan"),
    ('沈', "shen chen"),
    ('万', "wan mo"),
    ('调', "diao tiao"),
    ('和', "he huo"),
    ('便', "bian pian"),
    ('强', "qiang jiang"),
    ('大', "da dai"),
    ('巷', "xiang hang"),
];

/// Surnames of one character that are read otherwise than the character mostly is; where two readings are in use,
/// both.
const SURNAMES: &[(&str, &str)] = &[
    ("单", "shan"),
    ("單", "shan"),
    ("曾", "zeng"),
    ("解", "xie"),
    ("仇", "qiu"),
    ("查", "zha"),
    ("华", "hua"),
    ("華", "hua"),
    ("任", "ren"),
    ("朴", "piao"),
    ("区", "ou"),
    ("區", "ou"),
    ("盖", "ge"),
    ("蓋", "ge"),
    ("缪", "miao"),
    ("繆", "miao"),
    ("翟", "zhai"),
    ("覃", "qin tan"),
    ("乐", "yue le"),
    ("樂", "yue le"),
    ("召", "shao"),
    ("种", "chong"),
    ("黑", "he"),
    ("薄", "bo"),
    ("折", "she"),
    ("能", "nai"),
    ("秘", "bi"),
    ("繁", "po"),
    ("员", "yun"),
    ("員", "yun"),
    ("贠", "yun"),
    ("祭", "zhai"),
    ("尉", "wei"),
    ("隗", "wei kui"),
    ("郗", "xi chi"),
    ("宓", "mi fu"),
    ("洗", "xian"),
    ("冼", "xian"),
    ("谌", "chen shen"),
    ("諶", "chen shen"),
    ("訾", "zi"),
    ("笪", "da"),
    ("句", "gou"),
    ("纪", "ji"),
    ("紀", "ji"),
    ("葛", "ge"),
    ("牟", "mu mou"),
    ("莘", "shen xin"),
    ("都", "du"),
    ("宿", "su"),
    ("柏", "bai bo"),
    ("贲", "ben"),
    ("费", "fei bi"),
    ("費", "fei bi"),
    ("车", "che"),
    ("車", "che"),
    ("沈", "shen"),
    ("盛", "sheng"),
    ("强", "qiang"),
    ("藏", "zang"),
    ("郇", "xun huan"),
    ("冯", "feng"),
    ("馮", "feng"),
    ("贾", "jia"),
    ("賈", "jia"),
    ("谷", "gu"),
    ("万", "wan"),
    ("萬", "wan"),
    ("哈", "ha"),
    ("阚", "kan"),
    ("么", "yao"),
    ("那", "na"),
    ("过", "guo"),
    ("适", "kuo"),
    ("乜", "nie"),
    ("撒", "sa"),
    ("佴", "nai"),
    ("卜", "bu"),
    ("瞿", "qu"),
    ("降", "jiang"),
    ("相", "xiang"),
    ("曲", "qu"),
    ("殷", "yin"),
    ("吕", "lv"),
];

/// Surnames of two characters.
const COMPOUND_SURNAMES: &[(&str, &str)] = &[
    ("欧阳", "ou yang"),
    ("歐陽", "ou yang"),
    ("上官", "shang guan"),
    ("司马", "si ma"),
    ("司馬", "si ma"),
    ("诸葛", "zhu ge"),
    ("諸葛", "zhu ge"),
    ("尉迟", "yu chi"),
    ("尉遲", "yu chi"),
    ("万俟", "mo qi"),
    ("萬俟", "mo qi"),
    ("单于", "chan yu"),
    ("單于", "chan yu"),
    ("长孙", "zhang sun"),
    ("長孫", "zhang sun"),
    ("令狐", "ling hu"),
    ("澹台", "tan tai"),
    ("皇甫", "huang fu"),
    ("宇文", "yu wen"),
    ("夏侯", "xia hou"),
    ("东方", "dong fang"),
    ("東方", "dong fang"),
    ("公孙", "gong sun"),
    ("公孫", "gong sun"),
    ("轩辕", "xuan yuan"),
    ("慕容", "mu rong"),
    ("呼延", "hu yan"),
    ("端木", "duan mu"),
    ("独孤", "du gu"),
    ("南宫", "nan gong"),
    ("南宮", "nan gong"),
    ("西门", "xi men"),
    ("西門", "xi men"),
    ("东郭", "dong guo"),
    ("东门", "dong men"),
    ("南门", "nan men"),
    ("百里", "bai li"),
    ("闻人", "wen ren"),
    ("钟离", "zhong li"),
    ("鍾離", "zhong li"),
    ("濮阳", "pu yang"),
    ("淳于", "chun yu"),
    ("太叔", "tai shu"),
    ("申屠", "shen tu"),
    ("宗政", "zong zheng"),
    ("赫连", "he lian"),
    ("赫連", "he lian"),
    ("拓跋", "tuo ba"),
    ("鲜于", "xian yu"),
    ("鮮于", "xian yu"),
    ("闾丘", "lv qiu"),
    ("司徒", "si tu"),
    ("司空", "si kong"),
    ("司寇", "si kou"),
    ("亓官", "qi guan"),
    ("子车", "zi ju"),
    ("颛孙", "zhuan sun"),
    ("巫马", "wu ma"),
    ("公西", "gong xi"),
    ("公冶", "gong ye"),
    ("公羊", "gong yang"),
    ("公良", "gong liang"),
    ("漆雕", "qi diao"),
    ("乐正", "yue zheng"),
    ("樂正", "yue zheng"),
    ("壤驷", "rang si"),
    ("夹谷", "jia gu"),
    ("宰父", "zai fu"),
    ("谷梁", "gu liang"),
    ("榖梁", "gu liang"),
    ("段干", "duan gan"),
    ("羊舌", "yang she"),
    ("微生", "wei sheng"),
    ("梁丘", "liang qiu"),
    ("左丘", "zuo qiu"),
    ("仲孙", "zhong sun"),
    ("贺兰", "he lan"),
    ("纳兰", "na lan"),
    ("完颜", "wan yan"),
    ("耶律", "ye lv"),
    ("叶赫", "ye he"),
    ("达奚", "da xi"),
    ("第五", "di wu"),
    ("爱新", "ai xin"),
];

/// Places and trades in names of organisations whose characters are mostly read otherwise.
const PHRASES: &[(&str, &str)] = &[
    ("银行", "yin hang"),
    ("銀行", "yin hang"),
    ("商行", "shang hang"),
    ("总行", "zong hang"),
    ("分行", "fen hang"),
    ("支行", "zhi hang"),
    ("车行", "che hang"),
    ("行业", "hang ye"),
    ("重庆", "chong qing"),
    ("重慶", "chong qing"),
    ("长沙", "chang sha"),
    ("长春", "chang chun"),
    ("长安", "chang an"),
    ("长城", "chang cheng"),
    ("长江", "chang jiang"),
    ("長江", "chang jiang"),
    ("长宁", "chang ning"),
    ("长治", "chang zhi"),
    ("长虹", "chang hong"),
    ("长兴", "chang xing"),
    ("长乐", "chang le"),
    ("长白", "chang bai"),
    ("长青", "chang qing"),
    ("长远", "chang yuan"),
    ("厦门", "xia men"),
    ("廈門", "xia men"),
    ("六安", "lu an"),
    ("蚌埠", "beng bu"),
    ("成都", "cheng du"),
    ("首都", "shou du"),
    ("都市", "du shi"),
    ("都江", "du jiang"),
    ("都匀", "du yun"),
    ("会计", "kuai ji"),
    ("會計", "kuai ji"),
    ("财会", "cai kuai"),
    ("西藏", "xi zang"),
    ("藏族", "zang zu"),
    ("番禺", "pan yu"),
    ("东阿", "dong e"),
    ("丽水", "li shui"),
    ("台州", "tai zhou"),
    ("音乐", "yin yue"),
    ("音樂", "yin yue"),
    ("乐器", "yue qi"),
    ("乐清", "yue qing"),
    ("单县", "shan xian"),
    ("闵行", "min hang"),
    ("莘庄", "xin zhuang"),
    ("亳州", "bo zhou"),
    ("铅山", "yan shan"),
    ("泌阳", "bi yang"),
    ("洪洞", "hong tong"),
    ("涡阳", "guo yang"),
    ("朝阳", "chao yang"),
    ("大厦", "da sha"),
    ("传媒", "chuan mei"),
    ("地产", "di chan"),
    ("合作", "he zuo"),
    ("车辆", "che liang"),
    ("解放", "jie fang"),
    ("石油", "shi you"),
    ("石化", "shi hua"),
    ("率先", "shuai xian"),
    ("仇视", "chou shi"),
    ("大学", "da xue"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pinyin::ToPinyinMulti;
    use proptest::prelude::*;

    use super::*;

    fn likeliest(kind: CustomerKind, name: &str) -> String {
        let units = units(kind, name);
        ways_to_read(&units).first().map(|way| way.join(" ")).unwrap_or_default()
    }

    #[test]
    fn surnames_are_read_as_such() {
        for (name, sound) in [
            ("张三丰", "zhang san feng"),
            ("单雄信", "shan xiong xin"),
            ("曾国藩", "zeng guo fan"),
            ("解缙", "xie jin"),
            ("仇英", "qiu ying"),
            ("查良镛", "zha liang yong"),
            ("尉迟恭", "yu chi gong"),
            ("万俟卨", "mo qi xie"),
            ("华佗", "hua tuo"),
            ("任盈盈", "ren ying ying"),
            ("朴志训", "piao zhi xun"),
            ("区志远", "ou zhi yuan"),
            ("盖叫天", "ge jiao tian"),
            ("缪荃孙", "miao quan sun"),
            ("覃琴", "qin qin"),
            ("吕布", "lv bu"),
            ("欧阳修", "ou yang xiu"),
            ("张重庆", "zhang chong qing"),
        ] {
            assert_eq!(likeliest(CustomerKind::Person, name), sound, "{name}");
        }
        assert_eq!(likeliest(CustomerKind::Organisation, "单位信用社"), "dan wei xin yong she");
        assert_eq!(
            likeliest(CustomerKind::Organisation, "重庆银行长沙分行"),
            "chong qing yin hang chang sha fen hang"
        );
        assert_eq!(likeliest(CustomerKind::Organisation, "360 科技(成都)"), "360 ke ji cheng du");
    }

    #[test]
    fn folds() {
        assert_eq!(fold("Ｚoë O’Brien-Müller"), "zoe obrien muller");
        assert_eq!(fold("LÜ nü"), "lv nv");
        assert_eq!(fold("Straße Łódź Ægir"), "strasse lodz aegir");
        assert_eq!(fold("Ǽ Ǿ ǽ"), "ae o ae");
        assert_eq!(fold("买买提·吐尔逊"), "买买提 吐尔逊");
        assert_eq!(fold("ガ"), "ガ");
        assert_eq!(fold("Иванов"), "иванов");
    }

    #[test]
    fn readings_keep_alternatives_in_bounds() {
        let units = units(CustomerKind::Person, "单乐行长重朝");
        let ways = ways_to_read(&units);
        assert_eq!(ways.len(), MAX_READINGS);
        assert_eq!(ways[0].join(" "), "shan le xing chang zhong chao");
        assert_eq!(ways[1].join(" "), "dan le xing chang zhong chao");
        assert_eq!(ways[2].join(" "), "shan yue xing chang zhong chao");
        assert_eq!(units[0].sounds(), ["shan", "dan"]);
        assert_eq!(readings('吕'), ["lv", "lu", "lyu"]);
        assert_eq!(readings('𠮷'), [""; 0]);
    }

    #[test]
    fn knows_where_the_surname_ends() {
        for (name, length) in [("张三", 1), ("欧阳修", 2), ("欧阳", 1), ("John", 0), ("", 0)] {
            assert_eq!(surname_length(&units(CustomerKind::Person, name)), length, "{name}");
        }
    }

    #[test]
    fn tables_are_well_formed() {
        for (phrase, sounds) in COMPOUND_SURNAMES.iter().chain(PHRASES) {
            assert_eq!(phrase.chars().count(), sounds.split(' ').count(), "{phrase}");
        }
        for (character, sounds) in POLYPHONES {
            let known: BTreeSet<&str> =
                character.to_pinyin_multi().unwrap().into_iter().map(pinyin::Pinyin::plain).collect();
            assert!(sounds.split(' ').all(|sound| known.contains(sound)), "{character} {known:?}");
        }
        for (surname, sounds) in SURNAMES {
            assert_eq!(surname.chars().count(), 1, "{surname}");
            assert!(sounds.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' '), "{surname}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn ways_are_few_and_distinct(name in "[张单乐行长重朝曾a-z ]{0,40}") {
            let units = units(CustomerKind::Person, &name);
            let ways = ways_to_read(&units);
            prop_assert!((1..=MAX_READINGS).contains(&ways.len()));
            prop_assert_eq!(ways.iter().collect::<BTreeSet<_>>().len(), ways.len());
            prop_assert!(ways.iter().all(|way| way.len() == units.len()));
        }
    }
}
