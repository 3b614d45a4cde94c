//! Names of people, by the frequencies of surnames and the fashions of given names.

use guanxi_api::Gender;

use super::Draw;

/// The name of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub full: String,
    pub surname: &'static str,
    /// The surname in small Latin letters.
    pub latin: &'static str,
}

type Surname = (&'static str, &'static str);

/// Surnames in bands: people of a hundred thousand who bear each surname of the band, and the surnames with their pinyin.
/// Rare ones that are read or cut in an unusual way are more frequent than in life, so that each is found in a small demo.
const SURNAMES: &[(u32, &[Surname])] = &[
    (7000, &[("王", "wang"), ("李", "li"), ("张", "zhang")]),
    (4800, &[("刘", "liu"), ("陈", "chen")]),
    (2400, &[("杨", "yang"), ("黄", "huang"), ("赵", "zhao"), ("吴", "wu"), ("周", "zhou")]),
    (
        1400,
        &[
            ("徐", "xu"),
            ("孙", "sun"),
            ("马", "ma"),
            ("朱", "zhu"),
            ("胡", "hu"),
            ("郭", "guo"),
            ("何", "he"),
            ("林", "lin"),
            ("高", "gao"),
            ("罗", "luo"),
        ],
    ),
    (
        900,
        &[
            ("郑", "zheng"),
            ("梁", "liang"),
            ("谢", "xie"),
            ("宋", "song"),
            ("唐", "tang"),
            ("许", "xu"),
            ("邓", "deng"),
            ("韩", "han"),
            ("冯", "feng"),
            ("曹", "cao"),
        ],
    ),
    (
        600,
        &[
            ("彭", "peng"),
            ("曾", "zeng"),
            ("肖", "xiao"),
            ("田", "tian"),
            ("董", "dong"),
            ("潘", "pan"),
            ("袁", "yuan"),
            ("蔡", "cai"),
            ("蒋", "jiang"),
            ("余", "yu"),
            ("于", "yu"),
            ("杜", "du"),
            ("叶", "ye"),
            ("程", "cheng"),
            ("魏", "wei"),
            ("苏", "su"),
            ("吕", "lv"),
            ("丁", "ding"),
            ("任", "ren"),
            ("卢", "lu"),
        ],
    ),
    (
        380,
        &[
            ("姚", "yao"),
            ("沈", "shen"),
            ("钟", "zhong"),
            ("姜", "jiang"),
            ("崔", "cui"),
            ("谭", "tan"),
            ("陆", "lu"),
            ("范", "fan"),
            ("汪", "wang"),
            ("廖", "liao"),
            ("石", "shi"),
            ("金", "jin"),
            ("韦", "wei"),
            ("贾", "jia"),
            ("夏", "xia"),
            ("付", "fu"),
            ("方", "fang"),
            ("邹", "zou"),
            ("熊", "xiong"),
            ("白", "bai"),
            ("孟", "meng"),
            ("秦", "qin"),
            ("邱", "qiu"),
            ("侯", "hou"),
            ("江", "jiang"),
            ("尹", "yin"),
            ("薛", "xue"),
            ("闫", "yan"),
            ("段", "duan"),
            ("雷", "lei"),
        ],
    ),
    (
        190,
        &[
            ("龙", "long"),
            ("黎", "li"),
            ("史", "shi"),
            ("陶", "tao"),
            ("贺", "he"),
            ("毛", "mao"),
            ("郝", "hao"),
            ("顾", "gu"),
            ("龚", "gong"),
            ("邵", "shao"),
            ("万", "wan"),
            ("覃", "qin"),
            ("武", "wu"),
            ("钱", "qian"),
            ("戴", "dai"),
            ("严", "yan"),
            ("莫", "mo"),
            ("孔", "kong"),
            ("向", "xiang"),
            ("常", "chang"),
            ("汤", "tang"),
            ("康", "kang"),
            ("易", "yi"),
            ("乔", "qiao"),
            ("文", "wen"),
            ("赖", "lai"),
            ("牛", "niu"),
            ("樊", "fan"),
            ("葛", "ge"),
            ("安", "an"),
            ("齐", "qi"),
            ("殷", "yin"),
            ("颜", "yan"),
            ("庄", "zhuang"),
            ("章", "zhang"),
            ("倪", "ni"),
            ("庞", "pang"),
            ("邢", "xing"),
            ("俞", "yu"),
            ("翟", "zhai"),
            ("聂", "nie"),
            ("焦", "jiao"),
            ("温", "wen"),
            ("兰", "lan"),
            ("骆", "luo"),
        ],
    ),
    (
        90,
        &[
            ("单", "shan"),
            ("解", "xie"),
            ("仇", "qiu"),
            ("查", "zha"),
            ("盖", "ge"),
            ("区", "ou"),
            ("朴", "piao"),
            ("华", "hua"),
            ("尤", "you"),
            ("柳", "liu"),
            ("鲁", "lu"),
            ("左", "zuo"),
            ("关", "guan"),
            ("祝", "zhu"),
            ("包", "bao"),
            ("宁", "ning"),
            ("尚", "shang"),
            ("符", "fu"),
            ("舒", "shu"),
            ("阮", "ruan"),
            ("柯", "ke"),
            ("纪", "ji"),
            ("梅", "mei"),
            ("童", "tong"),
            ("凌", "ling"),
            ("毕", "bi"),
            ("季", "ji"),
            ("裴", "pei"),
            ("霍", "huo"),
            ("涂", "tu"),
            ("成", "cheng"),
            ("苗", "miao"),
            ("谷", "gu"),
            ("盛", "sheng"),
            ("曲", "qu"),
            ("翁", "weng"),
            ("冉", "ran"),
            ("蓝", "lan"),
            ("路", "lu"),
            ("游", "you"),
            ("辛", "xin"),
            ("欧", "ou"),
            ("管", "guan"),
            ("柴", "chai"),
            ("蒙", "meng"),
            ("鲍", "bao"),
            ("滕", "teng"),
            ("肇", "zhao"),
            ("饶", "rao"),
            ("牟", "mu"),
            ("宫", "gong"),
            ("车", "che"),
            ("司", "si"),
            ("房", "fang"),
            ("景", "jing"),
            ("詹", "zhan"),
            ("喻", "yu"),
            ("简", "jian"),
            ("卫", "wei"),
            ("应", "ying"),
        ],
    ),
    (
        75,
        &[
            ("欧阳", "ouyang"),
            ("上官", "shangguan"),
            ("尉迟", "yuchi"),
            ("司马", "sima"),
            ("诸葛", "zhuge"),
            ("夏侯", "xiahou"),
            ("皇甫", "huangfu"),
            ("令狐", "linghu"),
            ("司徒", "situ"),
            ("慕容", "murong"),
            ("长孙", "zhangsun"),
            ("东方", "dongfang"),
        ],
    ),
];

/// Characters of given names in one fashion.
struct Fashion {
    first: &'static str,
    second: &'static str,
    single: &'static str,
}

const MEN: [Fashion; 3] = [
    Fashion {
        first: "建国志文永学世庆福长春金玉", second: "军平生林清才义山海和兴祥", single: "刚军林祥义"
    },
    Fashion {
        first: "志俊晓海国文建伟永立宏振",
        second: "伟强军峰辉勇杰鹏斌刚亮飞",
        single: "伟强磊军洋勇杰超鹏斌波辉健",
    },
    Fashion {
        first: "子浩宇博俊思嘉一梓承景天逸",
        second: "轩宇然涵辰睿阳文航豪霖瑞",
        single: "轩睿宇辰帆阳昊俊",
    },
];
const WOMEN: [Fashion; 3] = [
    Fashion {
        first: "秀桂玉淑美翠惠月春爱凤", second: "英兰珍芳梅琴霞莲香娥", single: "兰芳英霞萍"
    },
    Fashion {
        first: "晓丽海雪红艳文春静小",
        second: "燕霞娟丽敏芳莉萍玲梅琳",
        single: "芳敏静丽娟艳霞玲雪倩颖琳洁",
    },
    Fashion {
        first: "雨欣思佳梦诗雅若一可语梓", second: "涵婷琪萱彤妍瑶悦晴然", single: "萱璐彤妍悦颖琪"
    },
];

const FOREIGN_MEN: &[&str] = &[
    "Lukas", "Oliver", "Mateo", "Henrik", "Adrian", "Julian", "Marco", "Thomas", "Felix", "Daniel", "Hugo",
    "Peter", "Samuel", "Anton", "Kenji", "Min-ho",
];
const FOREIGN_WOMEN: &[&str] = &[
    "Emma", "Sofia", "Clara", "Ingrid", "Zoë", "Laura", "Nadia", "Amélie", "Hannah", "Marta", "Alice",
    "Priya", "Elena", "Yuki", "Ji-woo", "Greta",
];
const FOREIGN_SURNAMES: &[Surname] = &[
    ("Fischer", "fischer"),
    ("O'Brien", "obrien"),
    ("Lindqvist", "lindqvist"),
    ("Moreau", "moreau"),
    ("Rossi", "rossi"),
    ("Novak", "novak"),
    ("van Dijk", "vandijk"),
    ("Müller", "mueller"),
    ("Harper", "harper"),
    ("Tanaka", "tanaka"),
    ("Park", "park"),
    ("Iyer", "iyer"),
    ("Kowalski", "kowalski"),
    ("Jensen", "jensen"),
    ("Campbell", "campbell"),
    ("Ferreira", "ferreira"),
    ("Bauer", "bauer"),
    ("Whitfield", "whitfield"),
];

impl Name {
    /// A Chinese name of someone born in `year`.
    pub fn chinese(draw: &mut Draw, gender: Gender, year: i32) -> Name {
        let (surname, latin) = surname(draw);
        let fashions = if gender == Gender::Male { &MEN } else { &WOMEN };
        let [old, middle, young] = fashions;
        let (fashion, single) = match year {
            ..1972 => (old, 120),
            1972..1993 => (middle, 200),
            _ => (young, 100),
        };
        let full = if draw.in_thousand(single) {
            format!("{surname}{}", draw.glyph(fashion.single))
        } else {
            let first = draw.glyph(fashion.first);
            let mut second = draw.glyph(fashion.second);
            if first == second {
                second = draw.glyph(fashion.single);
            }
            format!("{surname}{first}{second}")
        };
        Name { full, surname, latin }
    }

    /// A name in Latin letters.
    pub fn foreign(draw: &mut Draw, gender: Gender) -> Name {
        let given = draw.word(if gender == Gender::Male { FOREIGN_MEN } else { FOREIGN_WOMEN });
        let (surname, latin) = draw.pick(FOREIGN_SURNAMES).unwrap_or_default();
        Name { full: format!("{given} {surname}"), surname, latin }
    }
}

fn surname(draw: &mut Draw) -> Surname {
    let size = |(weight, band): &(u32, &[Surname])| weight * u32::try_from(band.len()).unwrap_or_default();
    let mut left = draw.below(SURNAMES.iter().map(size).sum());
    for entry in SURNAMES {
        if left < size(entry) {
            let (weight, band) = entry;
            let index = usize::try_from(left / weight).unwrap_or_default();
            return band.get(index).copied().unwrap_or_default();
        }
        left -= size(entry);
    }
    Surname::default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn surnames_are_many_and_each_stands_once() {
        let all: Vec<&str> =
            SURNAMES.iter().flat_map(|(_, band)| band.iter().map(|(surname, _)| *surname)).collect();
        assert!(all.len() >= 190, "{}", all.len());
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        for (_, latin) in SURNAMES.iter().flat_map(|(_, band)| band.iter()) {
            assert!(latin.bytes().all(|b| b.is_ascii_lowercase()), "{latin}");
        }
    }
}
