/// An excerpt of a text that shows where a query was found.
public enum Snippet {
    /// The stretch of `text` that shows most of the terms, about `length` Unicode scalars long, and the places of the
    /// matches in it.
    ///
    /// - Parameters:
    ///   - foldedTerms: each term as the adjacent words, in ``SearchForm/folded(_:)`` spelling, that make it up: one
    ///     word, or several for a phrase.
    ///   - length: how many scalars of `text` to show at most. A match longer than this is shown whole.
    /// - Returns: the original spelling, cut between words, on one line: runs of white space and control characters
    ///   are single spaces. "…" stands where the text goes on. Without a match, the beginning of the text. The ranges
    ///   are in the returned text, in order, and do not overlap.
    public static func excerpt(
        of text: String, matching foldedTerms: [[String]], length: Int
    ) -> (text: String, matches: [Range<String.Index>]) {
        let words = FoldedWord.words(of: text)
        guard !words.isEmpty else { return (oneLine(text[...].prefix(length)), []) }
        let distances = distances(of: words, in: text)
        let hits = hits(of: foldedTerms, in: words)
        let core = best(hits, distances: distances, length: length)
        let shown = stretch(around: core, distances: distances, length: length)
        let visible = hits.filter { $0.words.lowerBound >= shown.lowerBound && $0.words.upperBound <= shown.upperBound }
        return assemble(shown, of: words, in: text, hits: visible)
    }

    // MARK: Where the terms are

    private struct Hit {
        let term: Int
        let words: Range<Int>
    }

    private static func hits(of terms: [[String]], in words: [FoldedWord]) -> [Hit] {
        var starts: [String: [Int]] = [:]
        for (index, term) in terms.enumerated() {
            if let first = term.first { starts[first, default: []].append(index) }
        }
        var hits: [Hit] = []
        for place in words.indices {
            guard let candidates = starts[words[place].folded] else { continue }
            for index in candidates {
                let term = terms[index]
                guard words.count - place >= term.count,
                    zip(term, words[place...]).allSatisfy({ $0 == $1.folded })
                else { continue }
                hits.append(Hit(term: index, words: place..<place + term.count))
            }
        }
        return hits
    }

    /// How many scalars into the text each word begins, and ends.
    private static func distances(of words: [FoldedWord], in text: String) -> [(start: Int, end: Int)] {
        var at = text.startIndex
        var counted = 0
        return words.map { word in
            counted += text.unicodeScalars[at..<word.range.lowerBound].count
            let start = counted
            counted += text.unicodeScalars[word.range].count
            at = word.range.upperBound
            return (start, counted)
        }
    }

    // MARK: What to show

    /// The words from the first to the last hit of the window that shows most terms, then most hits, then is earliest.
    private static func best(_ hits: [Hit], distances: [(start: Int, end: Int)], length: Int) -> Range<Int> {
        var best = 0..<1
        var bestScore = (terms: 0, hits: 0)
        var counts: [Int: Int] = [:]
        var last = 0
        for first in hits.indices {
            last = max(last, first)
            while last < hits.count {
                let isWithin =
                    distances[hits[last].words.upperBound - 1].end - distances[hits[first].words.lowerBound].start
                    <= length
                guard isWithin || last == first else { break }
                counts[hits[last].term, default: 0] += 1
                last += 1
            }
            let score = (terms: counts.count, hits: last - first)
            if score > bestScore {
                bestScore = score
                let end = hits[first..<last].lazy.map(\.words.upperBound).max() ?? 0
                best = hits[first].words.lowerBound..<end
            }
            let term = hits[first].term
            counts[term] = counts[term, default: 1] - 1
            if counts[term] == 0 { counts[term] = nil }
        }
        return bestScore.hits == 0 ? 0..<1 : best
    }

    /// The words around `core` that fit, a third of the rest before it and two thirds after, or more where one side ends.
    private static func stretch(around core: Range<Int>, distances: [(start: Int, end: Int)], length: Int) -> Range<Int> {
        var lower = core.lowerBound
        var upper = core.upperBound
        func size(_ lower: Int, _ upper: Int) -> Int { distances[upper - 1].end - distances[lower].start }
        let spare = length - size(lower, upper)
        let after = distances[distances.count - 1].end - distances[upper - 1].end
        let before = distances[lower].start - max(spare / 3, spare - after)
        while lower > 0, distances[lower - 1].start >= before, size(lower - 1, upper) <= length { lower -= 1 }
        while upper < distances.count, size(lower, upper + 1) <= length { upper += 1 }
        return lower..<upper
    }

    // MARK: Writing it

    private static func assemble(
        _ shown: Range<Int>, of words: [FoldedWord], in text: String, hits: [Hit]
    ) -> (text: String, matches: [Range<String.Index>]) {
        var start = words[shown.lowerBound].range.lowerBound
        var end = words[shown.upperBound - 1].range.upperBound
        // The very beginning and end of a text are shown with their punctuation, but not with a ruled line.
        if shown.lowerBound == 0, text.unicodeScalars[..<start].count < 8 { start = text.startIndex }
        if shown.upperBound == words.count, text.unicodeScalars[end...].count < 8 { end = text.endIndex }
        var result = shown.lowerBound == 0 ? "" : "…"
        var offsets: [Range<Int>] = []
        var at = start
        for hit in merged(hits) {
            let range = words[hit.lowerBound].range.lowerBound..<words[hit.upperBound - 1].range.upperBound
            append(text[at..<range.lowerBound], to: &result)
            let begun = result.utf8.count
            append(text[range], to: &result)
            offsets.append(begun..<result.utf8.count)
            at = range.upperBound
        }
        append(text[at..<end], to: &result)
        if shown.upperBound < words.count { result += "…" }
        let matches = offsets.map {
            result.utf8.index(
                result.startIndex, offsetBy: $0.lowerBound)..<result.utf8.index(
                    result.startIndex, offsetBy: $0.upperBound)
        }
        return (result, matches)
    }

    /// The words of the hits, in order, those that overlap as one.
    private static func merged(_ hits: [Hit]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for hit in hits.map(\.words) {
            if let last = merged.last, last.upperBound > hit.lowerBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, hit.upperBound)
            } else {
                merged.append(hit)
            }
        }
        return merged
    }

    private static func oneLine(_ text: Substring) -> String {
        var result = ""
        append(text, to: &result)
        return result
    }

    /// Appends `text` with its white space and control characters as single spaces. A document's control characters
    /// must not reach a terminal, nor its bidirectional controls turn what is shown around.
    private static func append(_ text: Substring, to result: inout String) {
        for scalar in text.unicodeScalars {
            let isBlank =
                scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
                || scalar.properties.isBidiControl || (0xFFF9...0xFFFB).contains(scalar.value)
            if !isBlank {
                result.unicodeScalars.append(scalar)
            } else if let last = result.unicodeScalars.last, last != " " {
                result.unicodeScalars.append(" ")
            }
        }
    }
}
