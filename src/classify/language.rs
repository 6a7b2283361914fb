//! Which language a short message is in.
//!
//! Scripts that only one of our languages uses decide at once; the rest goes to lingua, restricted to the languages that
//! buyers of these shops write.

use lingua::{Language, LanguageDetector, LanguageDetectorBuilder};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// ISO 639-2 for "undetermined".
pub const UNDETERMINED: &str = "und";

static DETECTOR: LazyLock<LanguageDetector> = LazyLock::new(|| {
    use Language::{
        Arabic, Chinese, English, French, German, Hindi, Indonesian, Italian, Japanese, Korean,
        Malay, Polish, Portuguese, Russian, Spanish, Tagalog, Thai, Turkish, Vietnamese,
    };
    LanguageDetectorBuilder::from_languages(&[
        Arabic, Chinese, English, French, German, Hindi, Indonesian, Italian, Japanese, Korean,
        Malay, Polish, Portuguese, Russian, Spanish, Tagalog, Thai, Turkish, Vietnamese,
    ])
    .build()
});

/// English words that are typed in every market and that letter statistics take for anything.
const EVERYWHERE: [&str; 14] = [
    "hi",
    "hello",
    "hey",
    "ok",
    "okay",
    "thx",
    "thanks",
    "thank you",
    "pls",
    "please",
    "link",
    "price",
    "refund",
    "stock",
];

/// Letters that of our languages only Vietnamese has.
const VIETNAMESE: &str = "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ";

/// Characters that are written so in only one of the two Chinese scripts, pairwise: simplified, traditional.
const SIMPLIFIED: &str = "这个们来时说国会对开关问还没发货单价钱买卖东西吗么给过样两点见现让进运动电车长门间听写请谢认识话语订购邮寄换坏质钟几岁难应该实际经济减优惠赠礼盒颜码号红黄绿蓝银铁锅灯线头发脸护肤妆鞋裤军区医药伤热压裂漏碎断联络转账户银骗诉讼维权赔偿处理签收显示纸箱补错误选择页链接视频评论评价级诈";
const TRADITIONAL: &str = "這個們來時說國會對開關問還沒發貨單價錢買賣東西嗎麼給過樣兩點見現讓進運動電車長門間聽寫請謝認識話語訂購郵寄換壞質鐘幾歲難應該實際經濟減優惠贈禮盒顏碼號紅黃綠藍銀鐵鍋燈線頭髮臉護膚妝鞋褲軍區醫藥傷熱壓裂漏碎斷聯絡轉賬戶銀騙訴訟維權賠償處理簽收顯示紙箱補錯誤選擇頁鏈接視頻評論評價級詐";
/// Traditional characters of everyday Cantonese and Taiwanese chat without a counterpart above.
const TRADITIONAL_ONLY: &str = "咗嘅喺啲嚟唔冇佢哋嗰妳您們賣場連結運費嗎";

/// ISO 639-1 code, `zh-Hant` for traditional Chinese, `und` where it cannot be told.
pub fn identify(text: &str) -> String {
    if let Some(lang) = by_script(text) {
        return lang.to_owned();
    }
    let bare = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    if EVERYWHERE.contains(&bare.as_str()) {
        return "en".to_owned();
    }
    let weighed = |(language, share): (Language, f64)| (language, share * prior(language));
    let likely = DETECTOR
        .compute_language_confidence_values(text)
        .into_iter()
        .map(weighed)
        .filter(|(_, weight)| *weight > 0.0)
        .max_by(|a, b| a.1.total_cmp(&b.1));
    likely.map_or_else(
        || UNDETERMINED.to_owned(),
        |(language, _)| language.iso_code_639_1().to_string().to_lowercase(),
    )
}

/// How often a language is met on these channels, roughly: three words of French look like Tagalog to letter statistics alone,
/// and Malay like Indonesian.
fn prior(language: Language) -> f64 {
    use Language::{Italian, Malay, Polish, Tagalog, Turkish};
    match language {
        Italian | Malay | Polish | Turkish => 0.5,
        Tagalog => 0.3,
        _ => 1.0,
    }
}

fn by_script(text: &str) -> Option<&'static str> {
    let count = |f: fn(char) -> bool| text.chars().filter(|c| f(*c)).count();
    let letters = count(char::is_alphabetic).max(1);
    let kana = count(
        |c| matches!(c, '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9D}'),
    );
    let hangul = count(
        |c| matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{AC00}'..='\u{D7A3}'),
    );
    let thai = count(|c| matches!(c, '\u{0E01}'..='\u{0E5B}'));
    let arabic = count(|c| matches!(c, '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}'));
    let han = count(|c| matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'));
    if text.to_lowercase().nfc().any(|c| VIETNAMESE.contains(c)) {
        return Some("vi");
    }
    // A message in one of these scripts often carries a Latin brand name: a third of the letters is enough.
    let leads = |n: usize| n * 3 >= letters;
    if kana > 0 && leads(kana + han) {
        Some("ja")
    } else if leads(hangul) {
        Some("ko")
    } else if leads(thai) {
        Some("th")
    } else if leads(arabic) {
        Some("ar")
    } else if leads(han) {
        Some(chinese(text))
    } else {
        None
    }
}

fn chinese(text: &str) -> &'static str {
    let in_only = |c: char, this: &str, other: &str| this.contains(c) && !other.contains(c);
    let traditional = text
        .chars()
        .filter(|c| {
            in_only(*c, TRADITIONAL, SIMPLIFIED) || in_only(*c, TRADITIONAL_ONLY, SIMPLIFIED)
        })
        .count();
    let simplified = text
        .chars()
        .filter(|c| in_only(*c, SIMPLIFIED, TRADITIONAL))
        .count();
    if traditional > simplified {
        "zh-Hant"
    } else {
        "zh"
    }
}

#[cfg(test)]
mod tests {
    use super::identify;

    #[test]
    fn short_messages_of_a_shop_day_are_told_apart() {
        for (lang, text) in [
            ("en", "where is my order"),
            ("zh", "还没发货吗"),
            ("zh-Hant", "還沒出貨嗎"),
            ("zh-Hant", "幾時出貨呀 等咗好耐"),
            ("ja", "発送はいつですか"),
            ("ja", "サイズ教えて"),
            ("ko", "언제 배송되나요"),
            ("th", "ส่งเมื่อไหร่คะ"),
            ("ar", "وين طلبي"),
            ("es", "¿dónde está mi pedido?"),
            ("pt", "cadê meu pedido, não chegou ainda"),
            ("de", "wann wird das verschickt"),
            ("fr", "où est mon colis svp"),
            ("vi", "bao giờ giao hàng vậy shop"),
            ("id", "kak pesanan saya belum dikirim ya"),
            ("vi", "cảm ơn"),
            ("en", "hi"),
            ("en", "hello"),
            ("es", "hola"),
        ] {
            assert_eq!(identify(text), lang, "{text}");
        }
    }
}
