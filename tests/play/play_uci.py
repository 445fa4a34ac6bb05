"""Plays an engine by python-chess, a client that is not ours. Arguments: the engine's command."""

import random
import sys

import chess
import chess.engine

rng = random.Random(1)
with chess.engine.SimpleEngine.popen_uci(sys.argv[1:], timeout=120) as engine:
    print("name", engine.id["name"])
    print("option", engine.options["Temperature"].type)
    engine.configure({"Temperature": "0.001"})

    # A game against random moves, to the end or to 40 plies.
    board, own = chess.Board(), 0
    while not board.is_game_over() and board.ply() < 40:
        if board.turn == chess.WHITE:
            result = engine.play(board, chess.engine.Limit(white_clock=60, black_clock=60))
            assert result.move in board.legal_moves, result.move
            board.push(result.move)
            own += 1
        else:
            board.push(rng.choice(list(board.legal_moves)))
    print("moves", own)

    # A set-up position with one legal move; the same temperature, again a search without a bound.
    forced = chess.Board("7k/8/8/8/8/8/q7/7K w - - 0 1")
    while len(list(forced.legal_moves)) != 1:
        forced.push(next(iter(forced.legal_moves)))
    print("forced", engine.play(forced, chess.engine.Limit(time=0.1)).move in forced.legal_moves)
    with engine.analysis(chess.Board()) as analysis:  # go infinite, then stop
        analysis.stop()
        print("stopped", analysis.wait().move in chess.Board().legal_moves)
