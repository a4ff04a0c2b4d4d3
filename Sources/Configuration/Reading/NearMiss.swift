// SPDX-License-Identifier: Apache-2.0

/// The word that somebody most likely meant, the first among equally near ones, or `nil` if none is near.
package func nearest(_ word: String, among words: [String]) -> String? {
    guard word.utf8.count < 64 else { return nil }
    let word = kebabCase(word)
    // Who mistypes more than a third of a word means another one.
    let reach = max(1, word.count / 3)
    let near = words.map { (word: $0, distance: editDistance(word, kebabCase($0))) }.filter { $0.distance <= reach }
    return near.min { $0.distance < $1.distance }?.word
}

/// `max-space` for `maxSpace`, `max_space` and `Max Space`: our manner of writing keys.
func kebabCase(_ word: String) -> String {
    var result = ""
    for character in word {
        if character.isUppercase, let last = result.last, last != "-" { result.append("-") }
        result += "_ ".contains(character) ? "-" : character.lowercased()
    }
    return result.contains("-") && word == word.uppercased() && word != word.lowercased()
        ? kebabCase(word.lowercased()) : result
}

/// How many letters must be added, dropped, replaced or swapped with their neighbour to make one word the other
/// (Damerau–Levenshtein distance, each place edited once).
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            let replaced = last[j] + (left[i] == right[j] ? 0 : 1)
            var distance = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                distance = min(distance, beforeLast[j - 1] + 1)
            }
            row.append(distance)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
