/// PDFs made for a test; without a cross-reference table, which Poppler rebuilds.
enum TestPDF {
    static func document(_ objects: [[UInt8]], trailer: String = "<</Root 1 0 R>>") -> [UInt8] {
        var bytes = Array("%PDF-1.5\n".utf8)
        for (index, object) in objects.enumerated() {
            bytes += Array("\(index + 1) 0 obj ".utf8) + object + Array(" endobj\n".utf8)
        }
        return bytes + Array("trailer \(trailer)\n%%EOF\n".utf8)
    }

    static func stream(_ dictionary: String = "", _ content: [UInt8]) -> [UInt8] {
        Array("<</Length \(content.count)\(dictionary)>> stream\n".utf8) + content + Array("\nendstream".utf8)
    }

    /// One page for each text, in Helvetica; an information dictionary as object 4.
    static func pages(_ texts: [String], information: String = "<<>>") -> [UInt8] {
        let first = 5
        let kids = texts.indices.map { "\(first + 2 * $0) 0 R" }.joined(separator: " ")
        var objects: [[UInt8]] = [
            Array("<</Type/Catalog/Pages 2 0 R>>".utf8),
            Array("<</Type/Pages/Count \(texts.count)/Kids[\(kids)]>>".utf8),
            Array("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".utf8),
            Array(information.utf8),
        ]
        for (index, text) in texts.enumerated() {
            objects.append(page(content: "\(first + 2 * index + 1) 0 R"))
            objects.append(stream("", Array("BT /F 12 Tf 20 100 Td (\(text)) Tj ET".utf8)))
        }
        return document(objects, trailer: "<</Root 1 0 R/Info 4 0 R>>")
    }

    /// A page whose content unfolds to a gigabyte of spaces, compressed twice.
    static var flateBomb: [UInt8] {
        let once = deflatedRun(of: [0x20], copies: 4_000_000)
        // From the first whole period on, the compressed run repeats itself every 13 bytes.
        let twice = deflatedRun(of: Array(once[..<17]), distance: 13, copies: (once.count - 17) / 258)
        return document([
            Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 1/Kids[3 0 R]>>".utf8),
            page(content: "4 0 R"), stream("/Filter[/FlateDecode/FlateDecode]", twice),
        ])
    }

    /// A page that draws a form that draws the next one twice, 28 deep.
    static var formBomb: [UInt8] {
        let depth = 28
        var forms: [[UInt8]] = []
        for level in 0..<depth {
            let next = level + 1 < depth ? "/Resources<</XObject<</X \(6 + level) 0 R>>>>" : ""
            let content = level + 1 < depth ? "/X Do /X Do" : "n"
            forms.append(stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]\(next)", Array(content.utf8)))
        }
        return document(
            [
                Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 1/Kids[3 0 R]>>".utf8),
                Array(
                    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>".utf8),
                stream("", Array("/X Do".utf8)),
            ] + forms)
    }

    /// A page of a million letters, each in the same place.
    static var memoryBomb: [UInt8] {
        let letter = Array("1 0 0 1 9 9 Tm(A)Tj\n".utf8)
        let flood = deflatedRun(of: letter, distance: letter.count, copies: letter.count * 1_000_000 / 258)
        return document([
            Array("<</Type/Catalog/Pages 2 0 R>>".utf8), Array("<</Type/Pages/Count 1/Kids[4 0 R]>>".utf8),
            Array("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".utf8), page(content: "[5 0 R 6 0 R]"),
            stream("", Array("BT /F 12 Tf ".utf8)), stream("/Filter/FlateDecode", flood),
        ])
    }

    static func page(content: String) -> [UInt8] {
        Array(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 200]/Contents \(content)/Resources<</Font<</F 3 0 R>>>>>>".utf8)
    }

    /// A zlib stream: the bytes, then `copies` times 258 bytes copied from `distance` (1, 13 or 20) back. Fixed codes of RFC 1951.
    static func deflatedRun(of literals: [UInt8], distance: Int = 1, copies: Int) -> [UInt8] {
        var bytes: [UInt8] = [0x78, 0x9C]
        var pending: UInt32 = 0
        var count: UInt32 = 0
        func put(_ code: UInt32, bits: UInt32, highestFirst: Bool) {
            for bit in 0..<bits {
                pending |= (code >> (highestFirst ? bits - 1 - bit : bit) & 1) << count
                count += 1
                if count == 8 {
                    bytes.append(UInt8(pending))
                    (pending, count) = (0, 0)
                }
            }
        }
        put(0b011, bits: 3, highestFirst: false)
        for literal in literals.map(UInt32.init) {
            if literal < 144 {
                put(0b0011_0000 + literal, bits: 8, highestFirst: true)
            } else {
                put(0b1_1001_0000 + literal - 144, bits: 9, highestFirst: true)
            }
        }
        for _ in 0..<copies {
            put(0b1100_0101, bits: 8, highestFirst: true)
            switch distance {
            case 13:
                put(7, bits: 5, highestFirst: true)
                put(0, bits: 2, highestFirst: false)
            case 20:
                put(8, bits: 5, highestFirst: true)
                put(3, bits: 3, highestFirst: false)
            default:
                put(0, bits: 5, highestFirst: true)
            }
        }
        put(0, bits: 7, highestFirst: true)
        if count > 0 { bytes.append(UInt8(pending)) }
        return bytes
    }
}
