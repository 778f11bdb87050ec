"""What is said of a table that no longer fits its schema."""

import io

from functions.core.schema.tables.misfit import Misfit
from functions.core.schema.tables.table import open_table
from tests.support.reading import SCHEMA, TITANIC

ADVICE = "a word that is to be a category has to be added to the enum of its column in the schema"


def explain(text: str | bytes, chunk_rows: int = 2) -> list[str]:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    table = open_table(stream, SCHEMA, labelled=True, chunk_rows=chunk_rows)
    misfit = Misfit()
    for chunk in table:
        misfit.add(len(chunk.lines), chunk.bad, chunk.unknown)
    return misfit.sentences(SCHEMA, table.columns_report)


def test_of_a_table_that_fits_nothing_is_said() -> None:
    assert explain(TITANIC.read_bytes(), 500) == []


def test_what_changed_is_said_in_sentences() -> None:
    assert explain(
        "Class,sex,age,sibsp,parch,Port,survived,ticket,Deck Level\n"
        "1,male,22,0,0,S,1,A,x\n1,m,22,0,0,Belfast,1,A,x\n4,male,22,0,0,Belfast,1,A,x\n"
        "5,male,200,0,0,Cork,1,A,x\n1,x,200,0,0,S,1,A,x\n1,male,1,0,0,S,maybe,A,x\n1,male,1,0,0,S,1,A,x,9\n"
    ) == [
        "these columns are missing: fare, title",
        "the schema does not know these columns: Deck Level; to use one, add it to its fields",
        "the column sex has words that are none of its categories: x (1)",
        "the column Port has words that are none of its categories: Belfast (2), Cork (1)",
        ADVICE,
        "the column Class must be 1, 2 or 3: 2 of 7 rows, the first on line 4",
        "the column survived must be false or true: 1 of 7 rows, the first on line 7",
        "a row has 10 cells, the header 9: 1 of 7 rows, the first on line 8",
    ]


def test_of_many_words_the_commonest_are_shown() -> None:
    rows = "".join(f"1,male,{word},1\n" * (10 - number) for number, word in enumerate("abdefgh"))
    [_, sentence, advice] = explain(f"pclass,sex,embarked,survived\n{rows}", 10_000)
    assert sentence == (
        "the column embarked has words that are none of its categories: a (10), b (9), d (8), e (7), f (6) "
        "and 2 more"
    )
    assert advice == ADVICE
