/// `bag-info.txt`, the bag's metadata (RFC 8493 §2.2.2): elements that people read, of which a validator needs one.
enum BagInfo {
    /// Elements that should stand there at most once.
    private static let single: Set<String> = ["bagging-date", "bag-size", "bag-group-identifier", "bag-count"]

    /// Reads the elements, and answers the values of Payload-Oxum with their lines.
    static func read(
        _ lines: [BagLine], name: String, version: BagVersion, findings: inout BagFindings
    ) -> [(line: Int, value: String)] {
        var sums: [(line: Int, value: String)] = []
        var seen: Set<String> = []
        var hasElement = false
        /// Whether the element that a continuation line goes on with is Payload-Oxum.
        var isSum = false
        for line in lines {
            let place = "\(name), line \(line.number)"
            if line.isBlank {
                findings.warning(place, "the line is blank")
                continue
            }
            if let first = line.bytes.first, isBlankByte(first) {
                if isSum { sums[sums.count - 1].value += text(line.bytes.trimmed) }
                if !hasElement { findings.error(place, "the line continues an element, and there is none before it") }
                continue
            }
            hasElement = true
            guard let colon = line.bytes.firstIndex(of: UInt8(ascii: ":")) else {
                findings.error(place, "the line has no colon between a label and a value")
                continue
            }
            let written = line.bytes[..<colon]
            let behind = line.bytes[(colon + 1)...]
            let label = text(written.trimmed).lowercased()
            if label.isEmpty { findings.error(place, "the line has no label") }
            if written.trimmed.count < written.count { findings.since(version, place, "there is whitespace before the colon") }
            if let first = behind.first {
                if !isBlankByte(first) { findings.since(version, place, "there is no whitespace behind the colon") }
            } else {
                findings.warning(place, "the element has no value")
            }
            isSum = label == "payload-oxum"
            if isSum {
                if !sums.isEmpty { findings.since(version, place, "Payload-Oxum must not be repeated") }
                sums.append((line.number, text(behind.trimmed)))
            } else if single.contains(label), seen.contains(label) {
                findings.warning(place, "“\(text(written.trimmed))” should not be repeated")
            }
            seen.insert(label)
        }
        return sums
    }
}
