/// A file path as a manifest or fetch.txt writes it (RFC 8493 §2.1.3, §2.2.3), and the file that it means.
struct BagPath {
    /// The path relative to the bag's folder, without escapes.
    let path: [UInt8]
    let isPresent: Bool
    /// How what was written departs from what should be.
    let remarks: [String]

    /// Why a path is refused before anybody looks for it (§5.1).
    struct Fault: Error { let reason: String }

    /// - Throws: ``Fault`` for a path that leads out of the bag or names no file.
    init(_ written: ArraySlice<UInt8>, version: BagVersion, tree: BagTree) throws(Fault) {
        var remarks: [String] = []
        let whole = try Self.normal(written, &remarks)
        // Which escapes a writer used depends on its version and its care: what is there decides.
        let all = Self.unescape(whole, ["%0A", "%0D", "%25"])
        let lineEnds = Self.unescape(whole, ["%0A", "%0D"])
        var candidates = version >= .one ? [all, lineEnds, whole] : [lineEnds, whole, all]
        if version < .one { candidates.append(Array(whole[...].trimmed)) }
        if let found = candidates.first(where: { tree.files[$0] != nil }) {
            if found != candidates[0] { remarks.append("the file is there under “\(text(found))”, which should be written otherwise") }
            self.init(path: found, isPresent: true, remarks: remarks)
        } else if let found = candidates.lazy.compactMap({ tree.file(equivalentTo: $0) }).first {
            // §6.1.1.3: a difference of normal form only is to be tolerated.
            remarks.append("the file is there under a name of another Unicode normal form")
            self.init(path: found, isPresent: true, remarks: remarks)
        } else {
            self.init(path: candidates[0], isPresent: false, remarks: remarks)
        }
    }

    private init(path: [UInt8], isPresent: Bool, remarks: [String]) {
        self.path = path
        self.isPresent = isPresent
        self.remarks = remarks
    }

    private static func normal(_ written: ArraySlice<UInt8>, _ remarks: inout [String]) throws(Fault) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        guard let first = written.first, !written.contains(0) else { throw Fault(reason: "the path is empty or has a zero byte") }
        guard first != slash else { throw Fault(reason: "“\(text(written))” is an absolute path") }
        let components = written.split(separator: slash, omittingEmptySubsequences: false)
        guard !components.contains(where: { $0.elementsEqual("..".utf8) }) else {
            throw Fault(reason: "“\(text(written))” leads out of a folder by “..”")
        }
        guard written.last != slash else { throw Fault(reason: "“\(text(written))” is a folder, and only files are listed") }
        let kept = components.filter { !$0.isEmpty && !$0.elementsEqual(".".utf8) }
        guard kept.first?.first != UInt8(ascii: "~"), !kept.isEmpty else {
            throw Fault(reason: "“\(text(written))” is a path of somebody's home folder, or none")
        }
        if kept.count < components.count { remarks.append("“\(text(written))” has components that mean nothing") }
        return Array(kept.joined(separator: [slash]))
    }

    /// Replaces these escapes, whatever the case of their digits, and no other.
    private static func unescape(_ path: [UInt8], _ escapes: [String]) -> [UInt8] {
        guard path.contains(UInt8(ascii: "%")) else { return path }
        var result: [UInt8] = []
        var rest = path[...]
        while let byte = rest.first {
            let three = text(rest.prefix(3)).uppercased()
            if byte == UInt8(ascii: "%"), escapes.contains(three), let value = UInt8(three.dropFirst(), radix: 16) {
                result.append(value)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
