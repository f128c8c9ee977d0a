//! Text of many kinds: what users write, what agents read, and what breaks tokenizers.

/// A kind of text, and an example of it.
pub(crate) const TEXTS: [(&str, &str); 22] = [
    (
        "English",
        "The committee met twice in March, once in the town hall and once, because the heating had failed, in the back room \
         of the bakery. Nobody could remember who had proposed the second bridge, but everyone agreed that it shouldn't be \
         built where the first one stands. \"We'll vote in April,\" said the chair; they didn't.",
    ),
    (
        "Rust",
        "/// The parts of a line, or why there are none.\npub fn parts(line: &str) -> Result<Vec<&str>, Fault> {\n    let \
         Some((name, rest)) = line.split_once('=') else {\n        return Err(Fault::new(format!(\"no `=` in {line:?}\")));\n    \
         };\n    Ok(std::iter::once(name).chain(rest.split(',').map(str::trim)).collect())\n}\n",
    ),
    (
        "Python",
        "class Ledger:\n    def __init__(self, path: Path, *, readonly: bool = False) -> None:\n        self._path = path\n        \
         self._rows: list[dict[str, Any]] = []\n\n    def total(self, currency: str = \"EUR\") -> Decimal:\n        return \
         sum((row[\"amount\"] for row in self._rows if row[\"currency\"] == currency), Decimal(0))\n",
    ),
    (
        "TypeScript",
        "export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {\n  const decoder = new \
         TextDecoder();\n  let held = '';\n  for await (const piece of stream) {\n    held += decoder.decode(piece, { stream: true \
         });\n    const parts = held.split('\\n');\n    held = parts.pop() ?? '';\n    yield* parts;\n  }\n}\n",
    ),
    (
        "JSON",
        "{\"orders\":[{\"id\":\"A-1042\",\"placed\":\"2026-03-14T09:26:53Z\",\"lines\":[{\"sku\":\"cup-blue-350\",\"count\":12,\
         \"price\":4.95},{\"sku\":\"plate-oval\",\"count\":6,\"price\":11.5}],\"ship\":{\"express\":false,\"to\":null}}],\"next\":\
         \"/v2/orders?after=A-1042&limit=50\"}",
    ),
    (
        "a log",
        "2026-03-14 09:26:53.589 WARN  [pool-7-thread-2] c.e.shop.Stock - retry 3/5 in 1200 ms: connection reset by peer \
         (10.42.0.17:5432)\n2026-03-14 09:26:54.801 INFO  [pool-7-thread-2] c.e.shop.Stock - 184 rows in 37 ms\n",
    ),
    (
        "Markdown",
        "## Installing\n\n1. Download the archive (**12 MB**).\n2. Unpack it: `tar xzf tool-1.4.2.tar.gz`\n3. Run `./tool \
         --check`\n\n| option | meaning | default |\n|---|---|---:|\n| `-j` | jobs at a time | 4 |\n| `--dry` | changes nothing | \
         |\n\n> See also [the manual](https://example.com/manual#jobs).\n",
    ),
    (
        "German",
        "Die Überprüfung der Wasserstände wurde auf Donnerstag verschoben, weil das Messgerät während der Ausbesserungsarbeiten \
         ausgefallen war. Größere Abweichungen müssten unverzüglich gemeldet werden, heißt es in der Verwaltungsvorschrift.",
    ),
    (
        "French",
        "L’équipe s’est réunie à l’hôtel de ville pour décider où l’on reconstruirait le marché couvert. « C’est là qu’il a \
         toujours été », répétait le maire ; personne n’osait lui répondre que l’été dernier déjà, le sol s’était affaissé.",
    ),
    (
        "Spanish",
        "¿Quién se acuerda todavía del año en que el río creció hasta la plaza? Los más viejos señalan la marca en la pared de \
         la farmacia y discuten, como cada otoño, si entonces llovió más que ahora.",
    ),
    (
        "Polish",
        "Wczoraj wieczorem zdążyliśmy jeszcze na ostatni pociąg, chociaż śnieg sypał gęsto i na peronie nie działało \
         oświetlenie. Konduktor życzył wszystkim spokojnej podróży.",
    ),
    (
        "Russian",
        "Вчера вечером мы едва успели на последний поезд: снег шёл так густо, что не было видно края платформы. Проводница \
         пожелала всем спокойной ночи и принесла чай.",
    ),
    (
        "Greek",
        "Χθες το βράδυ προλάβαμε μόλις το τελευταίο τρένο, γιατί το χιόνι έπεφτε πυκνό και δεν φαινόταν η άκρη της αποβάθρας.",
    ),
    (
        "Chinese",
        "昨天晚上我们差点没赶上最后一班火车，雪下得很大，连站台的边缘都看不清。列车员祝大家旅途平安，还端来了热茶。",
    ),
    (
        "Japanese",
        "昨日の夜、私たちは最終列車にぎりぎり間に合いました。雪が激しく降っていて、ホームの端も見えませんでした。車掌さんが温かいお茶を配ってくれました。",
    ),
    (
        "Korean",
        "어젯밤 우리는 마지막 기차를 가까스로 탔습니다. 눈이 너무 많이 내려서 승강장 끝이 보이지 않았습니다. 승무원이 따뜻한 차를 가져다주었습니다.",
    ),
    (
        "Arabic",
        "لحقنا مساء أمس بآخر قطار بصعوبة، فقد كان الثلج يتساقط بغزارة حتى إن حافة الرصيف لم تكن ظاهرة. قدّم لنا المضيف شايًا ساخنًا.",
    ),
    (
        "Hindi",
        "कल रात हमने बड़ी मुश्किल से आख़िरी रेलगाड़ी पकड़ी। बर्फ़ इतनी तेज़ गिर रही थी कि प्लेटफ़ॉर्म का किनारा भी दिखाई नहीं देता था।",
    ),
    ("Thai", "เมื่อคืนนี้เราเกือบพลาดรถไฟขบวนสุดท้าย หิมะตกหนักจนมองไม่เห็นขอบชานชาลา"),
    ("emoji", "Shipped it 🚀🎉 — thanks 👩‍💻👨🏽‍🔧! Status: ✅ build, ⚠️ docs, ❌ deploy 🇨🇭🏳️‍🌈 ❤️‍🔥 ¯\\_(ツ)_/¯"),
    (
        "Base64",
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
    ),
    (
        "mathematics",
        "∀ε > 0 ∃δ > 0: |x − x₀| < δ ⇒ |f(x) − f(x₀)| < ε;  ∑_{k=1}^{n} k² = n(n+1)(2n+1)/6,  ∫₀^∞ e^{−x²} dx = √π/2 ≈ 0.886227",
    ),
];

/// What is counted, too, but no estimate is made for: gaps, long runs, odd marks.
pub(crate) fn odd() -> Vec<String> {
    let mut texts = vec![
        String::new(),
        " ".to_owned(),
        "\n".to_owned(),
        "a".repeat(3_000),
        "ab".repeat(2_000),
        " ".repeat(3_000),
        "\n".repeat(1_000),
        "\t \r\n ".repeat(300),
        "=".repeat(500) + "\n" + &"-".repeat(501),
        "0123456789".repeat(100),
        "日".repeat(700),
        "👩‍👩‍👧‍👦".repeat(60),
        "e\u{301}".repeat(200),
        "x   y    z     \n   indented\n\n\n\tdeeper  ".to_owned(),
        "I'LL i'd WE'RE don't 'S 'ſ it\u{2019}s".to_owned(),
        "<|endoftext|><|im_start|>system<|fim_prefix|>".to_owned(),
        "\u{0}\u{1}\u{7f}\u{85}\u{a0}\u{200b}\u{2028}\u{feff}\u{fffd}\u{10ffff}".to_owned(),
        "ǅǈ ʰʱ ªº ①②③ Ⅷ ½ ٣٤٥ १२३".to_owned(),
        "CamelCaseHTTPServerID snake_case_name SCREAMING_CASE kebab-case-name".to_owned(),
    ];
    texts.extend(TEXTS.iter().map(|(_, text)| text.repeat(40)));
    texts.extend(TEXTS.iter().map(|(_, text)| text.chars().rev().collect()));
    texts
}
