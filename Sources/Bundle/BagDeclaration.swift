/// The bag declaration, `bagit.txt` (RFC 8493 §2.1.1): exactly two lines, in UTF-8 without a byte-order mark.
struct BagDeclaration {
    private(set) var version = BagVersion.one
    private(set) var encoding = BagEncoding.utf8
    var findings = BagFindings()

    private let name = BagIt.declarationName

    /// Reads it; answers whether version and encoding are known now.
    mutating func read(_ bytes: [UInt8]) -> Bool {
        guard let (content, hasMark) = BagEncoding.utf8.decode(bytes) else {
            findings.error(name, "it is not in UTF-8")
            return false
        }
        if hasMark { findings.error(name, "it must not begin with a byte-order mark") }
        let lines = BagLine.lines(content)
        guard lines.count >= 2, let first = element(lines[0]), let second = element(lines[1]) else {
            findings.error(name, "it does not have the two lines BagIt-Version and Tag-File-Character-Encoding")
            return false
        }
        let parts = first.value.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) } }
        guard parts.count == 2, parts.allSatisfy(isNumber), let major = Int(parts[0]), let minor = Int(parts[1]) else {
            findings.error("\(name), line 1", "the version is not two numbers with a point between them")
            return false
        }
        version = BagVersion(major: major, minor: minor)
        guard BagVersion.known.contains(version) else {
            findings.error("\(name), line 1", "BagIt \(version) is not known here")
            return false
        }
        let areLabelsRight = checkLabel(first, "BagIt-Version", line: 1) && checkLabel(second, "Tag-File-Character-Encoding", line: 2)
        for line in lines.dropFirst(2) {
            let place = "\(name), line \(line.number)"
            if line.isBlank { findings.since(version, place, "there is a third line") } else { findings.error(place, "there is a third line") }
        }
        if lines.count == 2, !lines[1].isEnded, version >= .one { findings.warning("\(name), line 2", "nothing ends the line") }
        guard areLabelsRight, let encoding = BagEncoding(second.value) else {
            if areLabelsRight { findings.error("\(name), line 2", "the encoding “\(second.value)” is not known here") }
            return false
        }
        self.encoding = encoding
        return true
    }

    /// Label and value without the blanks around them, and whether the line is exactly `label: value`.
    private func element(_ line: BagLine) -> (label: String, value: String, isExact: Bool)? {
        guard let colon = line.bytes.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let label = text(line.bytes[..<colon].trimmed)
        let value = text(line.bytes[(colon + 1)...].trimmed)
        return (label, value, text(line.bytes).utf8.elementsEqual("\(label): \(value)".utf8))
    }

    private mutating func checkLabel(_ element: (label: String, value: String, isExact: Bool), _ label: String, line: Int) -> Bool {
        let place = "\(name), line \(line)"
        guard element.label.lowercased() == label.lowercased() else {
            findings.error(place, "the line has to begin with “\(label): ”")
            return false
        }
        // An example in RFC 8493 §4 itself writes another case.
        if element.label != label { findings.warning(place, "the label is “\(label)”, in these letters") }
        if !element.isExact {
            findings.since(version, place, "the line is not exactly “\(label): ” and a value, without other whitespace")
        }
        return true
    }
}
