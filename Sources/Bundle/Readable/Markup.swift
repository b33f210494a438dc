/// A piece of a page: elements and texts that are well nested and escaped whatever the texts are, because nothing else can be
/// written. Names of elements and attributes are literals of this program; only values are from outside.
indirect enum Markup {
    case text(String)
    case element(StaticString, [Attribute], [Markup])
    case group([Markup])
    /// So many pieces, each made when it is written: a page has thousands.
    case each(Int, @Sendable (Int) -> Markup)

    struct Attribute {
        let name: StaticString
        let value: String

        static func `class`(_ value: String) -> Attribute { Attribute(name: "class", value: value) }
        static func id(_ value: String) -> Attribute { Attribute(name: "id", value: value) }
        static func href(_ value: String) -> Attribute { Attribute(name: "href", value: value) }
        static func scope(_ value: String) -> Attribute { Attribute(name: "scope", value: value) }
    }

    static let nothing = Markup.group([])

    static func element(_ name: StaticString, _ attributes: [Attribute] = [], text: String) -> Markup {
        .element(name, attributes, [.text(text)])
    }

    /// Words from outside: isolated, so that letters which are written from right to left do not reorder what stands around.
    static func quoted(_ text: String) -> Markup { .element("bdi", [], [.text(text)]) }

    /// Whether nothing of it would be seen.
    var isEmpty: Bool {
        switch self {
        case .text(let text): text.isEmpty
        case .element: false
        case .group(let parts): parts.allSatisfy(\.isEmpty)
        case .each(let count, _): count == 0
        }
    }

    /// Elements that have no end tag.
    private static let void: Set<String> = ["meta", "br"]
    /// A line ends behind these, so that the source can be read and compared.
    private static let blocks: Set<String> = [
        "head", "body", "title", "meta", "header", "main", "section", "article", "table", "caption", "thead", "tbody", "tr", "dl", "div", "p", "h1",
        "h2", "h3", "h4", "ul", "ol", "li", "nav", "footer",
    ]

    func write(to bytes: inout [UInt8]) {
        switch self {
        case .text(let text): VisibleText.write(text, to: &bytes)
        case .group(let parts): for part in parts { part.write(to: &bytes) }
        case .each(let count, let part): for index in 0..<count { part(index).write(to: &bytes) }
        case .element(let name, let attributes, let content):
            let tag = name.description
            bytes.append(UInt8(ascii: "<"))
            bytes.append(contentsOf: tag.utf8)
            for attribute in attributes {
                bytes.append(UInt8(ascii: " "))
                attribute.name.withUTF8Buffer { bytes.append(contentsOf: $0) }
                bytes.append(contentsOf: "=\"".utf8)
                VisibleText.write(attribute.value, to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: ">"))
            if !Self.void.contains(tag) {
                for part in content { part.write(to: &bytes) }
                bytes.append(contentsOf: "</".utf8)
                bytes.append(contentsOf: tag.utf8)
                bytes.append(UInt8(ascii: ">"))
            }
            if Self.blocks.contains(tag) { bytes.append(UInt8(ascii: "\n")) }
        }
    }
}

/// Text of anybody's as text that hides nothing.
enum VisibleText {
    /// Letters of Vietnamese bear two marks; more than this is there to paint over what stands around.
    private static let markLimit = 4

    /// Writes `text` escaped for content and for attributes in quotes. Characters that are not seen, or turn around the order of
    /// others, stand there by their number, as `[U+202E]`; line ends and tabs as spaces.
    static func write(_ text: String, to bytes: inout [UInt8]) {
        if text.utf8.allSatisfy(isPlain) {
            bytes.append(contentsOf: text.utf8)
            return
        }
        var marks = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": bytes.append(contentsOf: "&amp;".utf8)
            case "<": bytes.append(contentsOf: "&lt;".utf8)
            case ">": bytes.append(contentsOf: "&gt;".utf8)
            case "\"": bytes.append(contentsOf: "&quot;".utf8)
            case "'": bytes.append(contentsOf: "&#39;".utf8)
            case "\t", "\n", "\r": bytes.append(UInt8(ascii: " "))
            // Letters of Vietnamese, all of which are seen: looking up what a scalar is costs more than all else here.
            case "\u{C0}"..."\u{24F}", "\u{1E00}"..."\u{1EFF}": if let units = UTF8.encode(scalar) { bytes.append(contentsOf: units) }
            case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                let category = scalar.properties.generalCategory
                marks = category == .nonspacingMark || category == .enclosingMark ? marks + 1 : 0
                if isHidden(scalar, category) || marks > markLimit {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    bytes.append(contentsOf: "[U+\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits)]".utf8)
                } else {
                    if let units = UTF8.encode(scalar) { bytes.append(contentsOf: units) }
                }
                continue
            }
            marks = 0
        }
    }

    /// Whether a byte of ASCII stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
        default: (0x20...0x7E).contains(byte)
        }
    }

    private static func isHidden(_ scalar: Unicode.Scalar, _ category: Unicode.GeneralCategory) -> Bool {
        switch category {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    /// A name under which a browser may save a file: never a path, nothing hidden, nothing that a system takes for its own; `nil` when
    /// nothing is left.
    static func fileName(_ name: String) -> String? {
        var kept = ""
        for scalar in name.unicodeScalars.prefix(150) {
            let isUnsafe = isHidden(scalar, scalar.properties.generalCategory) || #"/\:*?"<>|%~"#.unicodeScalars.contains(scalar)
            kept.unicodeScalars.append(isUnsafe ? "_" : scalar)
        }
        let trimmed = kept.drop { $0 == "." || $0 == " " }
        return trimmed.allSatisfy { $0 == "_" || $0 == "." || $0 == " " } ? nil : String(trimmed)
    }
}
