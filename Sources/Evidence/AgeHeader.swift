/// The header of a file in the format age v1, read by the grammar of its specification and nothing beside it.
struct AgeHeader {
    /// Whom the file is for: a kind with its arguments, at least one in all, and the file key as that kind wraps it.
    struct Stanza {
        let arguments: [String]
        let body: [UInt8]
    }

    /// The first line.
    static let version = Array("age-encryption.org/v1".utf8)
    /// What the last line begins with; authenticated with all before it.
    static let macMark = Array("---".utf8)

    /// In their order; at least one.
    private(set) var stanzas: [Stanza] = []
    let mac: [UInt8]
    /// Where the part ends that the MAC is of: behind its mark, before the space.
    let authenticatedEnd: Int
    /// Where the payload begins.
    let end: Int

    private static let armour = Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8)
    private static let columns = 64

    /// Reads the header that `bytes` begin with.
    ///
    /// - Throws: ``PassphraseFileError/notPassphraseFile(_:)`` when the first line is another, else
    ///   ``PassphraseFileError/damaged(_:)``.
    init(_ bytes: [UInt8]) throws(PassphraseFileError) {
        guard !bytes.starts(with: Self.armour) else {
            throw .notPassphraseFile("it is in the text form of age (armour); open it with age --decrypt")
        }
        guard bytes.starts(with: Self.version + [UInt8(ascii: "\n")]) else {
            throw .notPassphraseFile("it does not begin with age-encryption.org/v1")
        }
        var lines = Lines(bytes: bytes, position: Self.version.count + 1)
        while true {
            let start = lines.position
            let line = try lines.next()
            if line.starts(with: Array("-> ".utf8)) {
                let arguments = line.dropFirst(3).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                // Visible ASCII only, one space between.
                guard arguments.allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x21...0x7E).contains($0) } }) else {
                    throw .damaged("a recipient's line is not well-formed")
                }
                stanzas.append(Stanza(arguments: arguments.map { String(decoding: $0, as: UTF8.self) }, body: try Self.body(&lines)))
            } else {
                guard !stanzas.isEmpty, line.starts(with: Self.macMark + [UInt8(ascii: " ")]),
                    let mac = UnpaddedBase64.decode(line.dropFirst(Self.macMark.count + 1)), mac.count == Digest.byteCount
                else { throw .damaged("its header is not well-formed") }
                self.mac = mac
                authenticatedEnd = start + Self.macMark.count
                end = lines.position
                return
            }
        }
    }

    /// Lines of 64 letters, and one that is shorter, perhaps empty.
    private static func body(_ lines: inout Lines) throws(PassphraseFileError) -> [UInt8] {
        var text: [UInt8] = []
        while true {
            let line = try lines.next()
            guard line.count <= columns else { throw .damaged("a line of a recipient is longer than 64 letters") }
            text += line
            if line.count < columns { break }
        }
        guard let body = UnpaddedBase64.decode(text) else { throw .damaged("a recipient's key is not base 64") }
        return body
    }

    private struct Lines {
        let bytes: [UInt8]
        var position: Int

        /// The next line without its line feed.
        mutating func next() throws(PassphraseFileError) -> ArraySlice<UInt8> {
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw .damaged("its header is cut off") }
            defer { position = end + 1 }
            return bytes[position..<end]
        }
    }
}
