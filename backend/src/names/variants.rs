//! Forms of one Chinese character: traditional, simplified, old.

use irg_kvariants::KVARIANTS;

/// Traditional forms whose simplified form was a character of its own before, which that table therefore does not join: those that names have.
const ALSO: [(char, char); 35] = [
    ('鈡', '钟'),
    ('豐', '丰'),
    ('寧', '宁'),
    ('雲', '云'),
    ('範', '范'),
    ('葉', '叶'),
    ('穀', '谷'),
    ('餘', '余'),
    ('後', '后'),
    ('裡', '里'),
    ('裏', '里'),
    ('於', '于'),
    ('萬', '万'),
    ('鬱', '郁'),
    ('鬆', '松'),
    ('嶽', '岳'),
    ('誌', '志'),
    ('徵', '征'),
    ('臺', '台'),
    ('黨', '党'),
    ('瀋', '沈'),
    ('鐘', '钟'),
    ('鍾', '钟'),
    ('術', '术'),
    ('嚮', '向'),
    ('鹹', '咸'),
    ('昇', '升'),
    ('陞', '升'),
    ('傑', '杰'),
    ('週', '周'),
    ('係', '系'),
    ('繫', '系'),
    ('幹', '干'),
    ('祐', '佑'),
    ('發', '发'),
];

/// The character that stands for all forms of a character; itself where no other form is known. Which one it is says nothing: it is for
/// comparing. By the table kVariants of the Ideographic Research Group.
pub fn one_of_its_variants(character: char) -> char {
    let mut met = vec![character];
    let mut at = character;
    // The table leads from a form to an older one, in a few steps at most.
    while let Some(variant) = KVARIANTS.get(&at) {
        at = variant.destination_ideograph;
        if met.contains(&at) {
            at = met.into_iter().min().unwrap_or(character);
            break;
        }
        met.push(at);
    }
    ALSO.iter().find(|(traditional, _)| *traditional == at).map_or(at, |(_, simplified)| *simplified)
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
        ] {
            assert_eq!(one_of_its_variants(one), one_of_its_variants(other), "{one} {other}");
        }
        assert_eq!(one_of_its_variants('a'), 'a');
        assert_ne!(one_of_its_variants('张'), one_of_its_variants('章'));
    }
}
