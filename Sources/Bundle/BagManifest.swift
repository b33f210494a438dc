internal import Evidence

/// A payload or tag manifest, read (RFC 8493 §2.1.3, §2.2.1).
struct BagManifest {
    struct Entry {
        let line: Int
        let path: [UInt8]
        /// In lower case.
        let checksum: String
        let isPresent: Bool
    }

    let name: String
    let isTag: Bool
    /// `nil` for one that we do not know.
    let algorithm: FileDigestAlgorithm?
    private(set) var entries: [[UInt8]: Entry] = [:]

    /// A file in a bag's folder that is a manifest by its name; `nil` for any other.
    init?(named name: String, version: BagVersion, findings: inout BagFindings) {
        let lower = name.lowercased()
        guard let prefix = ["manifest-", "tagmanifest-"].first(where: { lower.hasPrefix($0) }), lower.hasSuffix(".txt"),
            lower.utf8.count > prefix.utf8.count + 4
        else { return nil }
        self.name = name
        isTag = prefix == "tagmanifest-"
        let written = name.dropFirst(prefix.count).dropLast(4)
        let normal = written.lowercased().filter { $0.isLetter || $0.isNumber }
        algorithm = FileDigestAlgorithm(rawValue: normal)
        if written != normal || !name.hasPrefix(prefix) || !name.hasSuffix(".txt") {
            findings.since(version, name, "its name should end in “-\(normal).txt”, all in lower case")
        }
        if algorithm == nil {
            findings.error(name, "the checksum algorithm “\(normal)” is not known here, so nothing can be checked with it")
        }
    }

    /// Reads the lines.
    mutating func read(_ lines: [BagLine], version: BagVersion, tree: BagTree, findings: inout BagFindings) {
        for line in lines {
            let place = "\(name), line \(line.number)"
            if line.isBlank {
                findings.warning(place, "the line is blank")
                continue
            }
            guard let (checksum, written) = split(line.bytes, place: place, version: version, findings: &findings) else { continue }
            do throws(BagPath.Fault) {
                var written = written
                var found = try BagPath(written, version: version, tree: tree)
                if !found.isPresent, written.first == UInt8(ascii: "*") {
                    // §6.1.3: tolerated, and to be told.
                    written = written.dropFirst()
                    found = try BagPath(written, version: version, tree: tree)
                    findings.warning(place, "the “*” before the path is of md5sum's binary mode and fails strict validation")
                }
                for remark in found.remarks { findings.warning(place, remark) }
                add(Entry(line: line.number, path: found.path, checksum: checksum, isPresent: found.isPresent), version, &findings)
            } catch {
                findings.error(place, error.reason)
            }
        }
    }

    /// The two fields of a line.
    private func split(
        _ line: ArraySlice<UInt8>, place: String, version: BagVersion, findings: inout BagFindings
    ) -> (checksum: String, path: ArraySlice<UInt8>)? {
        var rest = line.drop(while: isBlankByte)
        if rest.count < line.count { findings.since(version, place, "the line begins with whitespace") }
        let isEscaped = rest.first == UInt8(ascii: "\\")
        if isEscaped { rest = rest.dropFirst() }
        let digits = rest.prefix { !isBlankByte($0) }
        let path = rest.dropFirst(digits.count).drop(while: isBlankByte)
        let checksum = text(digits).lowercased()
        guard !path.isEmpty, checksum.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            findings.error(place, "the line is not a checksum in hexadecimal digits, whitespace and a path")
            return nil
        }
        if let algorithm, checksum.utf8.count != 2 * algorithm.byteCount {
            findings.error(place, "a checksum of \(algorithm) has \(2 * algorithm.byteCount) digits, and this one \(checksum.utf8.count)")
            return nil
        }
        guard isEscaped else { return (checksum, path) }
        findings.warning(place, "the “\\” before the checksum is an escape of md5sum and fails strict validation")
        var plain: [UInt8] = []
        var escaped = path
        while let byte = escaped.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = escaped.popFirst() else {
                plain.append(byte)
                continue
            }
            plain.append(next == UInt8(ascii: "n") ? 10 : next == UInt8(ascii: "r") ? 13 : next)
        }
        return (checksum, plain[...])
    }

    private mutating func add(_ entry: Entry, _ version: BagVersion, _ findings: inout BagFindings) {
        let place = "\(name), line \(entry.line)"
        let shown = text(entry.path)
        let isPayload = entry.path.starts(with: BagIt.payloadPrefix.utf8)
        if isTag, isPayload { return findings.error(place, "a tag manifest lists no payload, as “\(shown)” is") }
        if !isTag, !isPayload { return findings.error(place, "“\(shown)” is not below \(BagIt.payloadPrefix)") }
        if isTag, shown.hasPrefix("tagmanifest-"), !shown.contains("/") {
            findings.since(version, place, "a tag manifest lists no tag manifest, as “\(shown)” is")
        }
        guard let earlier = entries[entry.path] else {
            entries[entry.path] = entry
            return
        }
        if earlier.checksum != entry.checksum {
            findings.error(place, "“\(shown)” is listed with another checksum in line \(earlier.line)")
        } else {
            findings.since(version, place, "“\(shown)” is listed in line \(earlier.line) already")
        }
    }
}
