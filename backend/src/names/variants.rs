//! Forms of one Chinese character: traditional, simplified, old.

use std::collections::HashMap;
use std::sync::LazyLock;

use hanconv::RawDictionary;
use irg_kvariants::KVARIANTS;

/// Forms in names that neither table joins.
const ALSO: [(char, char); 1] = [('祐', '佑')];

/// The character that stands for all forms of another one, for those that have several.
static ONE_OF_EACH: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let mut forms = Forms::default();
    for (one, variant) in KVARIANTS.iter() {
        forms.join(*one, variant.destination_ideograph);
    }
    for (traditional, simplified) in RawDictionary::TSCharacters.iter() {
        if let (Some(traditional), Some(simplified)) = (only(traditional), only(simplified)) {
            forms.join(traditional, simplified);
        }
    }
    for (one, other) in ALSO {
        forms.join(one, other);
    }
    let known: Vec<char> = forms.towards.keys().copied().collect();
    known.into_iter().map(|one| (one, forms.least(one))).filter(|(one, least)| one != least).collect()
});

/// Characters that lead, over others, to the least of their forms.
#[derive(Default)]
struct Forms {
    towards: HashMap<char, char>,
}

impl Forms {
    fn least(&self, one: char) -> char {
        let mut at = one;
        while let Some(next) = self.towards.get(&at).filter(|next| **next != at) {
            at = *next;
        }
        at
    }

    fn join(&mut self, one: char, other: char) {
        let (one, other) = (self.least(one), self.least(other));
        self.towards.insert(one.max(other), one.min(other));
    }
}

fn only(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// The character that stands for all forms of a character; itself where no other form is known. Which one it is says nothing: it is for
/// comparing. Forms are joined by the table kVariants of the Ideographic Research Group, which knows old and wrong ones, and by the
/// characters of Open Chinese Convert, which knows all that were simplified.
pub fn one_of_its_variants(character: char) -> char {
    ONE_OF_EACH.get(&character).copied().unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_character_are_one() {
        for (one, other) in [
            ('张', '張'),
            ('丰', '豐'),
            ('国', '國'),
            ('宁', '寧'),
            ('陈', '陳'),
            ('风', '風'),
            ('钟', '鐘'),
            ('钟', '鍾'),
            ('云', '雲'),
            ('叶', '葉'),
            ('刘', '劉'),
            ('阳', '陽'),
            ('岚', '嵐'),
            ('关', '關'),
            ('顾', '顧'),
            ('丽', '麗'),
            ('琼', '瓊'),
            ('宝', '寶'),
            ('里', '裏'),
            ('里', '裡'),
            ('峰', '峯'),
            ('升', '昇'),
            ('发', '髮'),
            ('佑', '祐'),
        ] {
            assert_eq!(one_of_its_variants(one), one_of_its_variants(other), "{one} {other}");
        }
        assert_eq!(one_of_its_variants('a'), 'a');
        assert_ne!(one_of_its_variants('张'), one_of_its_variants('章'));
    }

    #[test]
    fn surnames_stay_apart() {
        let surnames = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎\
            鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪\
            祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍";
        let mut met = HashMap::new();
        for surname in surnames.chars() {
            assert_eq!(met.insert(one_of_its_variants(surname), surname), None, "{surname}");
        }
    }
}
