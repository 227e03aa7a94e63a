from app import api

read = api.read


def of_the_next(task_id):
    answer = read(task_id)
    if answer["status"] == "SUCCESS":
        answer["result"] = {**answer["result"], "place": answer["result"]["place"] + 1}
    return answer


api.read = of_the_next
