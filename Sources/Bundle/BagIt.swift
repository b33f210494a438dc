public import Evidence

/// The texts of a bag that the archive writes: BagIt 1.0 (RFC 8493), UTF-8, SHA-256, each line ended by a line feed. Pure:
/// the same files give the same bytes.
///
/// Names are those of ``BundleName``, so nothing needs the escapes of §2.1.3, and in the bag's folder
/// `sha256sum -c manifest-sha256.txt` and `sha256sum -c tagmanifest-sha256.txt` check it without any program of ours.
public enum BagIt {
    /// The bag declaration (§2.1.1).
    public static let declarationName = "bagit.txt"
    /// The bag's metadata (§2.2.2).
    public static let infoName = "bag-info.txt"
    /// The payload manifest (§2.1.3).
    public static let manifestName = "manifest-sha256.txt"
    /// The tag manifest (§2.2.1).
    public static let tagManifestName = "tagmanifest-sha256.txt"
    /// What the name of every payload file begins with (§2.1.2).
    public static let payloadPrefix = "data/"

    /// `bagit.txt`.
    public static let declaration = Array("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".utf8)

    /// `bag-info.txt`: the elements in the order given.
    /// - Throws: ``BundleFileError`` when a label or value cannot stand on one line as §2.2.2 wants it.
    public static func info(_ elements: [(label: String, value: String)]) throws(BundleFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        for (label, value) in elements {
            let written = Array(label.utf8)
            let isTrimmed = written[...].trimmed.count == written.count
            guard !label.isEmpty, isTrimmed, !written.contains(UInt8(ascii: ":")), isOneLine(label), isOneLine(value), !value.isEmpty else {
                throw .malformed(path: infoName, entry: nil, reason: "“\(displayed(label)): \(displayed(value))” is no element of one line")
            }
            bytes += "\(label): \(value)\n".utf8
        }
        return bytes
    }

    private static func isOneLine(_ text: String) -> Bool { !text.utf8.contains(10) && !text.utf8.contains(13) }

    /// The value of `Payload-Oxum` (§2.2.2): bytes and number of the payload files.
    public static func payloadOxum(octets: Int64, streams: Int) -> String { "\(octets).\(streams)" }

    /// `manifest-sha256.txt` of these payload files, sorted by the bytes of their names.
    /// - Throws: ``BundleFileError`` for a name that is unfit, comes twice, or is not below `data/`.
    public static func manifest(_ files: [(name: String, digest: Digest)]) throws(BundleFileError) -> [UInt8] {
        try lines(files) { name in
            name.hasPrefix(payloadPrefix) ? nil : "a payload file stands below \(payloadPrefix)"
        }
    }

    /// `tagmanifest-sha256.txt` of these tag files, sorted by the bytes of their names. It has to name every tag file but itself.
    /// - Throws: ``BundleFileError`` for a name that is unfit, comes twice, is below `data/`, or is a tag manifest's.
    public static func tagManifest(_ files: [(name: String, digest: Digest)]) throws(BundleFileError) -> [UInt8] {
        try lines(files) { name in
            if name.hasPrefix(payloadPrefix) { return "a tag file does not stand below \(payloadPrefix)" }
            return name.hasPrefix("tagmanifest-") ? "a tag manifest names no tag manifest" : nil
        }
    }

    private static func lines(
        _ files: [(name: String, digest: Digest)], fault: (String) -> String?
    ) throws(BundleFileError) -> [UInt8] {
        var order = EntryOrder()
        var bytes: [UInt8] = []
        for file in files.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            if let reason = order.fault(next: Array(file.name.utf8)) ?? fault(file.name) {
                throw .unfitName(name: file.name, reason: reason)
            }
            // Two spaces: how sha256sum writes a line, and what it reads whatever the mode.
            bytes += "\(file.digest.hex)  \(file.name)\n".utf8
        }
        return bytes
    }
}
